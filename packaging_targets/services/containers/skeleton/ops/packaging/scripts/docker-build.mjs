#!/usr/bin/env node
// One `docker build`: node docker-build.mjs --dockerfile FILE --tag NAME:TAG [--context DIR] [--build-arg NAME=VALUE]…
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    dockerfile: { type: "string" },
    tag: { type: "string" },
    context: { type: "string", default: "." },
    "build-arg": { type: "string", multiple: true, default: [] },
  },
});
if (!values.dockerfile || !values.tag) {
  console.error("usage: docker-build.mjs --dockerfile FILE --tag NAME:TAG [--context DIR] [--build-arg NAME=VALUE]");
  process.exit(2);
}
const args = values["build-arg"].flatMap((value) => ["--build-arg", value]);
const command = ["build", "-f", values.dockerfile, "-t", values.tag, ...args, values.context];
const { status, error } = spawnSync("docker", command, { stdio: "inherit" });
if (error) console.error(`docker cannot be run: ${error.message}`);
process.exit(status === 0 ? 0 : 1);
