import { REGISTRY, REPOSITORY, testMistakes, testWarnings } from "./cases.ts";

testMistakes([
  [
    "a wrong latest, which is not missing for by",
    `sync: [{${REPOSITORY}, tags: {latest: some, by: created}}]`,
    /tags\.latest: expected a number, got "some"/,
  ],
  [
    "a pattern that is none",
    `sync: [{${REPOSITORY}, tags: {allow: [a, '(b']}}]`,
    /tags\.allow\[1\]: "\(b" is not a valid pattern/,
  ],
  [
    "look-around",
    `sync: [{${REPOSITORY}, tags: {deny: ['(?!b)']}}]`,
    /tags\.deny\[0\]: .* is not a valid pattern: invalid or unsupported Perl syntax/,
  ],
  [
    "a pattern in a set",
    `sync: [{${REPOSITORY}, tagSets: [{}, {deny: ['a**']}]}]`,
    /tagSets\[1\]\.deny\[0\]: "a\*\*" is not a valid pattern/,
  ],
  [
    "a pattern for repositories",
    `sync: [{${REGISTRY}, repos: {allow: ['[']}}]`,
    /repos\.allow\[0\]: "\[" is not a valid pattern/,
  ],
  [
    "a range that is none",
    `sync: [{${REPOSITORY}, tags: {semverRange: ['>=1 x']}}]`,
    /semverRange\[0\]: "x" is not a version range/,
  ],
  [
    "by without latest",
    `sync: [{${REPOSITORY}, tags: {by: created}}]`,
    /tags\.by: .* latest is missing/,
  ],
]);

testWarnings([
  [
    "branches outside of a group",
    `sync: [{${REPOSITORY}, tags: {allow: ['a|b']}}]`,
    /tags\.allow\[0\]: as in regsync, \^ binds only .*; write \(a\|b\)$/,
  ],
]);
