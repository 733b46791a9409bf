/** `crossdock init` */
import type { Command } from "@commander-js/extra-typings";
import { SyncConfigError } from "../../config/mistakes.ts";
import { parseSyncConfig } from "../../config/sync_config.ts";
import type { SyncConfig } from "../../config/sync_config.ts";
import { CrossdockError, ParseError } from "../../errors.ts";
import { isLocal, parseReference } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import type { AccessCheck } from "../../registry/check_access.ts";
import type { CliEnvironment, Prompt } from "../environment.ts";
import { toVariables, writeConfig } from "../init/write_config.ts";
import type { Answers } from "../init/write_config.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { readSide } from "../options/open_rules.ts";
import { INIT_OPTIONS, REQUEST_OPTIONS } from "../options/options.ts";
import { formatAccess } from "../output/format_access.ts";
import { writeResult, writeStderr } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";

const OPTIONS = [...INIT_OPTIONS, ...REQUEST_OPTIONS] as const;

type InitFlags = ValuesOf<typeof OPTIONS>;

const DEFAULT_FILE = "crossdock.yaml";
const DEFAULT_INTERVAL = "12h";

export function defineInit(command: Command, context: CommandContext): void {
  addOptions(command, ...OPTIONS).action((flags) => initConfig(flags, context));
}

async function initConfig(flags: InitFlags, context: CommandContext): Promise<void> {
  const { environment, signal } = context;
  const { config: file = DEFAULT_FILE } = flags;
  if (!flags.force) await rejectExisting(file, environment);
  const prompt = flags.yes ? undefined : await environment.openPrompt();
  try {
    const ask: Ask | undefined = prompt && ((question) => askOnce(prompt, question, signal));
    const answers = await answer(flags, { ask, file, environment });
    const text = await check(answers, { flags, ask, file }, context);
    await writeFile(file, text, flags, environment);
    await writeResult(environment, [
      `wrote      ${file}`,
      `next       crossdock sync --dry-run${file === DEFAULT_FILE ? "" : ` --config ${file}`}`,
    ]);
  } finally {
    prompt?.close();
  }
}

type Ask = (question: string) => Promise<string>;

async function askOnce(prompt: Prompt, question: string, signal: AbortSignal): Promise<string> {
  return (await prompt.ask(`${question}: `, signal)).trim();
}

/** @throws ParseError if the file exists */
async function rejectExisting(file: string, { readTextFile }: CliEnvironment): Promise<void> {
  try {
    await readTextFile(file);
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    if (name === "NotCapable") throw error;
    if (code === "ENOENT") return;
  }
  throw fileExists(file);
}

function fileExists(file: string): ParseError {
  return new ParseError(`${file} exists`, {
    hint: "name another file with --config, or replace it with --force",
  });
}

async function writeFile(
  file: string,
  text: string,
  { force }: InitFlags,
  { writeTextFile }: CliEnvironment,
): Promise<void> {
  try {
    await writeTextFile(file, text, { replaces: force ?? false });
  } catch (cause) {
    const { name, code } = cause as { name?: string; code?: string };
    if (name === "NotCapable") throw cause;
    if (code === "EEXIST") throw fileExists(file);
    throw new ParseError(`${file}: cannot be written${code === undefined ? "" : ` (${code})`}`, {
      cause,
    });
  }
}

/** Asks for what no flag says. An answer that is invalid is asked for again. */
async function answer(
  flags: InitFlags,
  { ask, file, environment }: { ask: Ask | undefined; file: string; environment: CliEnvironment },
): Promise<Answers> {
  const { source, destination, tags, interval, schedule } = flags;
  const { loginEnv: logins = [], tlsOff: plain = [] } = flags;
  if (interval !== undefined && schedule !== undefined) {
    throw new ParseError("--interval and --schedule cannot be combined");
  }
  if (ask === undefined) rejectMissing(flags);
  let answers: Answers = {
    source: source ?? "",
    destination: destination ?? "",
    tags: tags ?? [],
    ...(interval === undefined ? {} : { interval }),
    ...(schedule === undefined ? {} : { schedule }),
    logins,
    plain,
  };
  const tryOut = (more: Partial<Answers>): void => {
    const tried = { ...answers, ...more };
    parse({ ...tried, logins: [] }, new Set(), file, environment);
    answers = tried;
  };
  if (source === undefined) {
    await askFor("Source, such as docker.io/library/alpine", ask, (text) => {
      parseName(text);
      answers = { ...answers, source: text };
    });
  }
  if (destination === undefined) {
    await askFor("Destination, such as registry.example.com/mirror/alpine", ask, (text) => {
      parseName(text);
      tryOut({ destination: text });
    });
  }
  if (source === undefined && tags === undefined && !isImage(answers.source)) {
    const question = "Tags to copy, as patterns such as 3\\.2[0-9] latest (empty: all tags)";
    await askFor(question, ask, (text) => tryOut({ tags: text === "" ? [] : text.split(/\s+/) }));
  }
  if (interval === undefined && schedule === undefined) {
    const question =
      `How often, such as 6h, or a cron schedule such as 17 3 * * * (empty: ${DEFAULT_INTERVAL})`;
    await askFor(question, ask, (text) => tryOut(toWhen(text)));
  }
  return answers;
}

/** An interval is one word, and most cron schedules are several. */
function toWhen(text: string): Pick<Answers, "interval" | "schedule"> {
  if (text === "") return { interval: DEFAULT_INTERVAL };
  return /^@|\s/.test(text) ? { schedule: text } : { interval: text };
}

/** @throws ParseError that names every flag that is missing */
function rejectMissing({ source, destination, interval, schedule, yes }: InitFlags): void {
  const missing = [
    ...(source === undefined ? ["--source"] : []),
    ...(destination === undefined ? ["--destination"] : []),
    ...(interval ?? schedule ?? yes ? [] : ["--interval or --schedule"]),
  ];
  if (missing.length === 0) return;
  const reason = yes ? "" : ", and there is no terminal to ask for it";
  throw new ParseError(`missing ${missing.join(", ")}${reason}`, {
    hint: `pass ${missing.join(", ")}${yes ? "" : ", or run it in a terminal"}`,
  });
}

/** Asks until the answer can be read. If nobody can be asked, the answer is empty. */
async function askFor(
  question: string,
  ask: Ask | undefined,
  read: (text: string) => void,
): Promise<void> {
  if (ask === undefined) return read("");
  let problem = "";
  for (;;) {
    try {
      return read(await ask(`${problem}${question}`));
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      problem = `${error.message}${error.hint === undefined ? "" : `; ${error.hint}`}\n`;
    }
  }
}

function parseName(text: string): void {
  if (text === "") throw new ParseError("a name is required");
  parseReference(text);
}

function isImage(source: string): boolean {
  const { tag, digest } = parseReference(source);
  return tag !== undefined || digest !== undefined;
}

interface Checking {
  readonly flags: InitFlags;
  readonly ask: Ask | undefined;
  readonly file: string;
}

/**
 * Checks the config, and the credential for each registry.
 *
 * @returns the text of the config
 * @throws ParseError for an invalid answer; CrossdockError `unauthorized` if a registry accepts no credential
 */
async function check(
  given: Answers,
  { flags, ask, file }: Checking,
  context: CommandContext,
): Promise<string> {
  const { environment } = context;
  let answers = given;
  /** The registries whose variables are not set here. */
  const unset = new Set(flags.check ? [] : given.logins);
  const names = [given.source, given.destination].map(parseReference)
    .filter((name) => flags.check && !isLocal(name));
  for (const name of names) {
    for (;;) {
      const config = parse(answers, unset, file, environment);
      const found = await checkAccess(name, config, { flags, file }, context);
      await writeResult(environment, formatAccess(found));
      if (found.result === "accepted" || found.result === "anonymous") break;
      if (!await acceptsVariables(name, answers, ask)) throw notWritten(name, answers, file);
      answers = { ...answers, logins: [...answers.logins, name.registry] };
      const { user, pass } = toVariables(name.registry);
      if (environment.env[user] && environment.env[pass]) continue;
      writeStderr(
        environment,
        `warning: ${user} and ${pass} are not set, so they were not checked`,
      );
      unset.add(name.registry);
      break;
    }
  }
  parse(answers, unset, file, environment);
  return toText(answers);
}

function toText(answers: Answers): string {
  const { tag } = parseReference(answers.source);
  const destination = parseReference(answers.destination);
  const hasTag = destination.tag !== undefined || destination.digest !== undefined;
  return writeConfig(
    // A rule for an image copies to latest otherwise.
    tag === undefined || hasTag
      ? answers
      : { ...answers, destination: `${answers.destination}:${tag}` },
    isImage(answers.source) ? "image" : "repository",
  );
}

async function acceptsVariables(
  { registry }: Reference,
  { logins }: Answers,
  ask: Ask | undefined,
): Promise<boolean> {
  if (ask === undefined || logins.includes(registry)) return false;
  const { user, pass } = toVariables(registry);
  return /^(y(es)?)?$/i.test(
    await ask(`Take the credential from the variables ${user} and ${pass} (Y/n)`),
  );
}

function notWritten({ registry }: Reference, { logins }: Answers, file: string): CrossdockError {
  const { user, pass } = toVariables(registry);
  const login = registry === "docker.io" ? "docker login" : `docker login ${registry}`;
  return new CrossdockError("unauthorized", `${file} was not written`, {
    hint: logins.includes(registry)
      ? `correct ${user} and ${pass}, or pass --no-check`
      : `run ${login}, or pass --login-env ${registry} or --no-check`,
  });
}

/** The flag that an invalid key comes from. */
const FLAGS: readonly (readonly [key: RegExp, flag: string])[] = [
  [/interval$/, "--interval"],
  [/schedule$/, "--schedule"],
  [/tags/, "--tags"],
  [/source$/, "--source"],
  [/target$/, "--destination"],
  [/tls$/, "--tls-off"],
  [/creds/, "--login-env"],
];

/**
 * Parses the config as `crossdock sync` will.
 *
 * @param unset the registries whose variables need not be set
 * @throws ParseError that names the flags of invalid values: the file does not exist yet, so its lines would not help
 */
function parse(
  answers: Answers,
  unset: ReadonlySet<string>,
  file: string,
  environment: CliEnvironment,
): SyncConfig {
  const placeholders = [...unset].map(toVariables)
    .flatMap(({ user, pass }) => [[user, "unset"], [pass, "unset"]]);
  try {
    return parseSyncConfig(toText(answers), {
      from: file,
      env: { ...environment.env, ...Object.fromEntries(placeholders) },
      now: environment.now(),
      allowsLocal: true,
    }).config;
  } catch (error) {
    if (!(error instanceof SyncConfigError)) throw error;
    const lines = error.mistakes.map(({ key, message }) => {
      const [, flag = key] = FLAGS.find(([pattern]) => pattern.test(key)) ?? [];
      return `${flag}: ${message}`;
    });
    throw new ParseError(lines.join("; "));
  }
}

/** Uses the same credentials as `crossdock sync` will. */
async function checkAccess(
  { registry, repository }: Reference,
  config: SyncConfig,
  { flags, file }: { flags: InitFlags; file: string },
  { environment, signal }: CommandContext,
): Promise<AccessCheck> {
  const { rules } = config;
  const engine = await environment.createEngine({
    runtime: await environment.createRuntime(),
    // With the TLS settings of the config.
    source: await readSide({ config, rules, from: file }, flags, environment),
    ...(flags.retries === undefined ? {} : { retries: flags.retries }),
    ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
  });
  const { emit } = startProgress({ progress: "none", registry }, environment);
  return await engine.checkAccess(`${registry}/${repository}`, { signal, emit });
}
