// Replaces zod's processors of JSON Schema in the Worker, which makes no JSON Schemas: see [alias] in wrangler.toml.
module.exports = {};
