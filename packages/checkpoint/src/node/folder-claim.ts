import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ConfigError } from '@vlmkit/core';

/*
 * One writer per folder. Who wants it puts an empty file there, whose name says who that is, and looks at the others' only
 * then: of two that come at once at least one sees the other. Files of processes that are gone are removed. As the name
 * says all, no file of a living process is ever taken for another's, which could happen with one name for all.
 */

/** Whether this is the name of a file by which a folder is claimed. */
export function isClaim(name: string): boolean {
  return parseClaim(name) !== undefined;
}

/** A folder that nobody else writes. */
export interface FolderClaim {
  /** Leaves the folder to others, and removes it if nothing is in it. */
  release(): Promise<void>;
}

/** Tries before another's claim counts: of several that come at once, one is to win. */
const attempts = 5;

/**
 * Claims a folder for one writer, and makes it where it is missing. A claim ends with its process.
 *
 * @param label names the folder in messages.
 * @throws ConfigError while it is another's, of this process or of another.
 */
export async function claimFolder(folder: string, label: string): Promise<FolderClaim> {
  const host = hostLabel();
  const started = (await lookUp(process.pid))?.started ?? '';
  for (let attempt = 1; ; attempt++) {
    const name = `${host}.${process.pid}.${started}.${randomUUID()}.claim`;
    const others = await stake(folder, name);
    if (others?.length === 0) return { release: () => withdraw(folder, name) };
    await withdraw(folder, name);
    const other = others?.[0];
    if (attempt === attempts) throw other ? claimed(label, join(folder, other.name), other) : unsteady(label);
    await setTimeout(5 + Math.random() * 25);
  }
}

/** Removes all claims to a folder that is done. */
export async function removeClaims(folder: string): Promise<void> {
  const claims = (await readdir(folder)).filter(isClaim);
  await Promise.all(claims.map((name) => rm(join(folder, name), { force: true })));
}

/** Puts a claim there; returns the others', or undefined when the folder was moved away meanwhile. */
async function stake(folder: string, name: string): Promise<readonly Claim[] | undefined> {
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(join(folder, name), '');
    return await livingClaims(folder, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    await withdraw(folder, name);
    throw error;
  }
}

async function withdraw(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  await rmdir(folder).catch(() => undefined);
}

/** Claims but `own`. Those of processes that are gone are removed. */
async function livingClaims(folder: string, own: string): Promise<readonly Claim[]> {
  const living: Claim[] = [];
  for (const name of await readdir(folder)) {
    const claim = name === own ? undefined : parseClaim(name);
    if (!claim) continue;
    if (await isAlive(claim)) living.push(claim);
    else await rm(join(folder, name), { force: true });
  }
  return living;
}

/** Who claims a folder. */
interface Claim {
  /** The file's name. */
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the system's own unit; empty where that is unknown. */
  readonly started: string;
}

function parseClaim(name: string): Claim | undefined {
  const [, host, pid, started] = /^(.+)\.(\d+)\.(\d*)\.[0-9a-f-]{36}\.claim$/.exec(name) ?? [];
  return host === undefined ? undefined : { name, host, pid: Number(pid), started: started ?? '' };
}

/** This machine's name, as it may stand in that of a file. */
function hostLabel(): string {
  return (
    hostname()
      .replaceAll(/[^\w.-]/g, '-')
      .slice(0, 100) || 'host'
  );
}

function isElsewhere({ host }: Claim): boolean {
  return host !== hostLabel();
}

/** Whether the process still runs; one of another machine counts as if it did. */
async function isAlive(claim: Claim): Promise<boolean> {
  if (isElsewhere(claim)) return true;
  try {
    process.kill(claim.pid, 0);
  } catch (error) {
    // Of another user's process one may only know that it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const found = await lookUp(claim.pid);
  if (!found) return true;
  // Another process may have the number by now: in a container that was restarted, even this one.
  return !found.isDead && (claim.started === '' || claim.started === found.started);
}

/** What Linux tells of a process; undefined where it tells nothing. */
async function lookUp(pid: number): Promise<{ readonly isDead: boolean; readonly started: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The command's name, in brackets, may hold anything. After it come the state, and 19 fields on the time of the start.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields?.[0], fields?.[19]];
  if (state === undefined || started === undefined) return undefined;
  return { isDead: state === 'Z' || state === 'X', started };
}

function claimed(label: string, path: string, claim: Claim): ConfigError {
  const elsewhere = isElsewhere(claim);
  const who = claim.pid === process.pid && !elsewhere ? 'this process' : `process ${claim.pid}`;
  return new ConfigError(`${label} is being written by another conversion.`, {
    expected: 'one conversion to a folder at a time',
    actual: `one of ${who}${elsewhere ? ` on ${claim.host}` : ''} at work`,
    remedy: elsewhere
      ? `Wait until it ends, or choose another folder. If it does not run any more, remove ${path}.`
      : 'Wait until it ends, or choose another folder.',
  });
}

function unsteady(label: string): ConfigError {
  return new ConfigError(`${label} is being moved or removed by another process.`, {
    remedy: 'Try again, or choose another folder.',
  });
}
