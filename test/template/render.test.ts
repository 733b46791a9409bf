import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTemplate } from "../../src/template/parse.ts";
import { checkFields, renderTemplate } from "../../src/template/render.ts";
import { DATA, render, SURROUNDINGS } from "./setup.ts";

const GOOD: [text: string, result: string][] = [
  ["plain", "plain"],
  ["backup-{{.Ref.Tag}}", "backup-1.2"],
  ["{{ $.Ref.Tag }}", "1.2"],
  ["a {{- /* a comment with }} in it */ -}} b", "ab"],
  ["a  {{- .Ref.Tag -}}  b", "a1.2b"],
  ["{{-1}}", "-1"],
  ['{{ env "USER" }}', "ann"],
  ['{{env "NONE"}}|', "|"],
  ['{{ env "toString" }}|', "|"],
  ['{{ env "EMPTY" | default "undefined" }}', "undefined"],
  ['{{ env "USER" | default "undefined" | upper }}', "ANN"],
  ['{{ file "/run/token" }}', "secret"],
  ['{{ index (split .Sync.Source "gcr.io/") 1 }}', "proj/app"],
  ['{{ join (split .Sync.Source "/") "-" }}', "gcr.io-proj-app"],
  ['{{ split "a,b" "," }}', "[a b]"],
  ['{{ len (split "a,b" ",") }}', "2"],
  ["{{ slice .Ref.Tag 0 1 }}", "1"],
  ['{{ lower `A"B` }}', 'a"b'],
  ['{{ "tab\\t\\x41\\u00e9\\101" }}', "tab\tAéA"],
  ['{{ trimSpace "  a " }}', "a"],
  ["{{ json .Ref.Tag }}", '"1.2"\n'],
  ['{{ json (split "a,b" ",") }}', '["a","b"]\n'],
  ['{{ jsonPretty (split "a,b" ",") }}', '[\n  "a",\n  "b"\n]\n'],
  ["{{ printPretty .Ref.Tag }}", '"1.2"\n'],
  [
    "{{ lt 1 2 }} {{ lt 2 2 }} {{ le 2 2 }} {{ gt 2 10 }} {{ ge 10 2 }}",
    "true false true false true",
  ],
  ["{{ lt `2` `10` }} {{ ge .Ref.Tag `1.2` }}", "false true"],
  ["{{ if gt time.Now.Month 2 }}{{ eq time.Now.Weekday 6 }}{{ end }}", "true"],
  ['{{ if eq .Sync.Type "image" }}i{{ else }}r{{ end }}', "i"],
  ['{{ if eq .Sync.Type "a" "image" }}i{{ end }}', "i"],
  ['{{ if ne .Sync.Type "image" }}i{{ else if .Ref.Digest }}d{{ else }}r{{ end }}', "r"],
  ["{{ if and .Ref.Tag (not .Ref.Digest) }}t{{ end }}", "t"],
  ["{{ if or .Ref.Digest .Ref.Tag }}t{{ end }}", "t"],
  ["{{ or .Ref.Digest .Ref.Tag }}", "1.2"],
  ["{{ if 0 }}a{{ else }}{{ if true }}b{{ end }}{{ end }}", "b"],
  ["{{ $x := .Ref.Tag }}{{ $x }}{{ $x = `2` }}{{ $x }}", "1.22"],
  ["{{ print 1 `a` true }}", "1atrue"],
  [
    '{{ printf "%s-%5s|%-3s|%03d|%q|%%|%.1s|%x|%t|%v" "a" "b" "c" 7 "d" "xyz" 255 true 1 }}',
    'a-    b|c  |007|"d"|%|x|ff|true|1',
  ],
  [
    '{{$t := time.Now}}{{printf "%s/backups/%s:%s-%d%d%d" .Ref.Registry .Ref.Repository .Ref.Tag $t.Year $t.Month $t.Day}}',
    "registry.example/backups/team/app:1.2-202637",
  ],
  [
    '{{ time.Now.Format "2006-01-02T15:04:05.000Z07:00 Mon Jan _2 3PM 06" }}',
    "2026-03-07T14:05:09.123Z Sat Mar  7 2PM 26",
  ],
  [
    "{{ time.Now.Month }} {{ time.Now.Weekday }} {{ time.Now.YearDay }} {{ time.Now.Unix }}",
    "March Saturday 66 1772892309",
  ],
  ["{{ (time.Now).Hour }}", "14"],
];

for (const [text, result] of GOOD) {
  test(`renderTemplate() ${text}`, () => assert.equal(render(text), result));
}

const BAD: [text: string, message: RegExp][] = [
  ["a {{ .Ref.Tag", /character 3: \{\{ is not closed/],
  ['{{ "a }}', /character 4: a string is not closed/],
  ["{{ }}", /character 4: expected a value/],
  ["{{ foo }}", /character 4: there is no function "foo"/],
  ["{{ .Ref.Tagg }}", /character 4: there is no \.Tagg/],
  ["{{ .ref }}", /there is no \.ref/],
  ["{{ if true }}a", /character 4: \{\{if\}\} without \{\{end\}\}/],
  ["{{ end }}", /\{\{end\}\} without \{\{if\}\}/],
  ["{{ else }}", /\{\{else\}\} without \{\{if\}\}/],
  ["{{ if true }}{{ else }}{{ else }}{{ end }}", /\{\{if\}\} has a second \{\{else\}\}/],
  ["{{ range .Ref }}{{ end }}", /\{\{range\}\} is not supported/],
  ["{{ (env `A` }}", /\( is not closed/],
  ["{{ env `A` ) }}", /unexpected "\)"/],
  ["{{ env }}", /env: expected 1 argument, got 0/],
  ["{{ lower 1 }}", /lower: expected text, got a number/],
  ["{{ index (split `a` `,`) 1 }}", /index: expected an index below 1, got 1/],
  ["{{ .Ref }}", /output: cannot write a group of fields/],
  ["{{ .Ref.Tag `x` }}", /expected a function before the arguments/],
  ["{{ $x }}", /variable \$x has no value/],
  ["{{ printf `%z` 1 }}", /printf: the verb %z is not supported/],
  ["{{ printf `%s` }}", /printf: no value for %s/],
  ["{{ printf `a` 1 }}", /printf: more values than verbs/],
  ["{{ time.Parse `a` `b` }}", /expected a function before|no \.Parse/],
  ["{{ 'a' }}", /unexpected "'"/],
  ['{{ "\\z" }}', /is not an escape sequence/],
  ["{{ eq .Ref .Ref }}", /cannot compare/],
  ["{{ lt 1 `2` }}", /lt: cannot compare a number with text/],
  ["{{ gt true false }}", /gt: cannot compare true or false with true or false/],
  ["{{ with .Ref }}{{ end }}", /\{\{with\}\} is not supported/],
];

for (const [text, message] of BAD) {
  test(`template ${text} is refused`, () => {
    assert.throws(() => render(text), { name: "ParseError", message });
  });
}

test("renderTemplate() never shows a value in an error", () => {
  const secret = { ...SURROUNDINGS, env: { KEY: "hunter2" } };
  for (
    const text of [
      '{{ index (split (env "KEY") ",") 5 }}',
      '{{ printf "%d" (env "KEY") }}',
      '{{ (env "KEY").X }}',
    ]
  ) {
    assert.throws(() => render(text, secret), (error: Error) => !error.message.includes("hunter2"));
  }
});

test("renderTemplate() rejects file on a host without files", () => {
  const { readFile: _, ...without } = SURROUNDINGS;
  assert.throws(
    () => render('{{ file "/run/token" }}', without),
    /file: this host has no files; use env/,
  );
});

test("renderTemplate() reports missing variables and files", () => {
  const missing: string[] = [];
  render('{{ env "A" | default "x" }}{{ env "USER" }}{{ file "/none" }}', {
    ...SURROUNDINGS,
    onMissing: (what) => missing.push(what),
  });
  assert.deepEqual(missing, ["variable A is not set", "file /none cannot be read"]);
});

test("checkFields() checks branches that are not taken", () => {
  const template = parseTemplate("{{ if false }}{{ lower (print $.Ref.Typo) }}{{ end }}");
  assert.equal(renderTemplate(template, DATA, SURROUNDINGS), "");
  assert.throws(() => checkFields(template, DATA), /there is no \.Typo/);
  checkFields(parseTemplate("{{ if .Ref.Tag }}{{ else }}{{ .Sync.Source }}{{ end }}"), DATA);
});
