import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { fileErrorCode, toFileError } from "../../src/layouts/layout_error.ts";

test("toFileError() gives each failure its class of error", async () => {
  const missing = await readFile("/no/such/file").catch((error) => error);
  assert.equal(fileErrorCode(missing), "ENOENT");
  const error = toFileError(missing, "read /no/such/file") as CrossdockError;
  assert.equal(error.message, "read /no/such/file: no such file or folder");
  assert.equal(error.code, "not_found");
  assert.equal(error.cause, missing);
  for (
    const [code, expected] of [
      ["EACCES", "denied"],
      ["EROFS", "denied"],
      ["ENOSPC", "limit"],
      ["ENOTDIR", "conflict"],
      ["EIO", "registry"],
    ]
  ) {
    const cause = Object.assign(new Error(), { code });
    assert.equal((toFileError(cause, "write a") as CrossdockError).code, expected, code);
  }
});

test("fileErrorCode() reads the number of the errors to which Deno gives no code", () => {
  const { EFBIG, EDQUOT } = constants.errno;
  assert.equal(fileErrorCode(new Error(`File too large (os error ${EFBIG})`)), "EFBIG");
  assert.equal(fileErrorCode(new Error(`Quota exceeded (os error ${EDQUOT})`)), "EDQUOT");
  assert.equal(fileErrorCode(new Error("(os error 99999)")), undefined);
});

test("toFileError() returns other errors unchanged", () => {
  const errors = [
    new CrossdockError("integrity", "x"),
    new TypeError("x"),
    Object.assign(new Error("Requires write access"), { name: "NotCapable" }),
    Object.assign(new Error("x"), { code: "ERR_INVALID_ARG_TYPE" }),
  ];
  for (const error of errors) assert.equal(toFileError(error, "write a"), error);
});
