import type { HttpInstruments, KeyStore, Principal } from '#libs/application';
import { Problem } from '../problems/problem.js';
import { hashOfKey } from './cached-key-store.js';

const LONGEST_KEY = 512;
const realm = 'Bearer realm="chusuan"';

/** Finds who asks by `Authorization: Bearer <key>`; throws the 401 problem when nobody stands behind it. */
export class Authenticator {
  constructor(
    private readonly keys: KeyStore,
    private readonly instruments: HttpInstruments,
  ) {}

  async authenticate(authorization: string | undefined): Promise<Principal> {
    if (authorization === undefined || authorization.trim() === '') {
      throw this.refused('missing', 'This route needs an API key: send Authorization: Bearer <key>.', realm);
    }
    const key = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (key === undefined || key.length > LONGEST_KEY) {
      throw this.refused(
        'unknown',
        'The Authorization header is not "Bearer <key>".',
        `${realm}, error="invalid_request"`,
      );
    }
    const found = await this.keys.find(hashOfKey(key));
    if (found?.kind === 'ok') return found.principal;
    const why = found?.kind ?? 'unknown';
    const text = {
      unknown: 'No key like this was ever made.',
      expired: 'The key has expired.',
      revoked: 'The key was revoked.',
    }[why];
    throw this.refused(why, text, `${realm}, error="invalid_token", error_description="${why}"`);
  }

  private refused(reason: 'missing' | 'unknown' | 'expired' | 'revoked', detail: string, challenge: string): Problem {
    this.instruments.authFailed(reason);
    this.instruments.rejected('auth');
    return new Problem(`key-${reason}`, detail, { headers: { 'WWW-Authenticate': challenge } });
  }
}
