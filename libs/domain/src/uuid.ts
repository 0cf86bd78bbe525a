/**
 * UUIDv7 (RFC 9562, 5.7) from a time and ten random bytes that the caller brings: ids sort by the wall time of their making,
 * so index pages fill in order.
 */
export function uuidv7(wallMs: number, random: Uint8Array): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const byte = (index: number): number => random[index] ?? 0;
  const time = hex(Math.floor(wallMs), 12);
  const randA = hex(((byte(0) << 8) | byte(1)) & 0x0fff, 3);
  const variant = hex((((byte(2) << 8) | byte(3)) & 0x3fff) | 0x8000, 4);
  const tail = [4, 5, 6, 7, 8, 9].map((index) => hex(byte(index), 2)).join('');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randA}-${variant}-${tail}`;
}

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => pattern.test(text);
