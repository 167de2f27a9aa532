// Calls of HubSpot's library, as lines of JSON: {"call": "crm.contacts.basicApi.create", "args": []}
// comes in, {"result": ...} or {"error": ...} goes out. A null among the arguments is left out.
"use strict";

const readline = require("node:readline");
const { Client } = require("@hubspot/api-client");

function connected(given) {
  return new Client({
    accessToken: given.accessToken,
    basePath: given.basePath,
    numberOfApiCallRetries: given.retries || 0,
  });
}

async function answer(client, given) {
  const steps = given.call.split(".");
  const name = steps.pop();
  const owner = steps.reduce((place, step) => place[step], client);
  const args = given.args.map((arg) => (arg === null ? undefined : arg));
  const result = await owner[name](...args);
  if (name === "apiRequest") {
    return { status: result.status, body: await result.text() };
  }
  return result === undefined ? null : result;
}

function described(error) {
  return {
    name: error.constructor.name,
    code: error.code === undefined ? null : error.code,
    message: String(error.message),
    body: error.body === undefined ? null : error.body,
  };
}

async function main() {
  let client = null;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const given = JSON.parse(line);
    let said;
    try {
      if (given.connect) {
        client = connected(given.connect);
        said = { result: null };
      } else {
        said = { result: await answer(client, given) };
      }
    } catch (error) {
      said = { error: described(error) };
    }
    process.stdout.write(JSON.stringify(said) + "\n");
  }
}

main();
