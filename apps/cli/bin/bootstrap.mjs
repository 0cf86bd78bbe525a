// Runs before `npm start` and `npm test`. No dependencies, and any Node from 18 on, because it is what brings the right one:
// 1. installs when node_modules does not match package-lock.json, 2. checks that node_modules/.bin/node is new enough,
// 3. with --build, compiles when a source is newer than the last build.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED_NODE = [24, 9];
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
process.chdir(root);
const isWindows = process.platform === 'win32';
const env = { ...process.env, PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH };
const say = (text) => process.stderr.write(`chusuan: ${text}\n`);

function run(command, args) {
  // npm's own output goes to stderr: stdout belongs to the command that comes after.
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2], env, shell: isWindows });
  if (result.status === 0) return;
  say(
    `'${command} ${args.join(' ')}' failed (${result.error?.message ?? `exit ${result.status}`}); see the lines above.`,
  );
  process.exit(result.status ?? 1);
}

function install() {
  const stamp = join('node_modules', '.chusuan-lock-sha256');
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
  if (process.env.CHUSUAN_SKIP_INSTALL === '1') return;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('installing dependencies (once; about a minute) …');
  // Not `npm ci`: it refuses a lock file that lacks the optional binaries of platforms which a registry does not carry.
  // `install --no-save` installs what package-lock.json says and leaves it alone.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

function checkNode() {
  let version = 'none';
  try {
    version = execFileSync(isWindows ? 'node.exe' : 'node', ['-v'], { env, encoding: 'utf8', shell: isWindows }).trim();
  } catch {
    // said below
  }
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return;
  say(`needs Node >= ${NEEDED_NODE.join('.')} and found ${version}.`);
  say(
    `No Node binary package for ${process.platform}-${process.arch} was installed: install Node 24 yourself and run this again.`,
  );
  process.exit(1);
}

function newest(directory) {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs), 0);
}

function build() {
  const mark = join('dist', '.built');
  const sources = ['apps', 'libs', join('test', 'performance')]
    .filter((directory) => existsSync(directory))
    .map(newest);
  const latest = Math.max(
    ...sources,
    ...['package.json', 'tsconfig.json', 'package-lock.json'].map((file) => statSync(file).mtimeMs),
  );
  if (existsSync(mark) && statSync(mark).mtimeMs >= latest) return;
  say('building …');
  run('node', [join('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build', 'cli']);
  mkdirSync('dist', { recursive: true });
  writeFileSync(mark, new Date().toISOString());
}

install();
checkNode();
if (process.argv.includes('--build')) build();
