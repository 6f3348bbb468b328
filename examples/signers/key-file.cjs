#!/usr/bin/env node
// An external signer: the key stays with this program, credit-anchor only sees signatures.
//
//   settings.json of the home:
//     "signer": { "command": ["/opt/credit/key-file.cjs", "/secure/operator.key"], "address": "0x…" }
//
// It gets 32 bytes as 0x and 64 digits on stdin and answers with r, s and v on stdout. One for a hardware module or a key
// service does the same, and calls the device where this one reads a file. With a key in a PKCS#11 token, for example:
//
//   xxd -r -p | openssl pkeyutl -sign -provider pkcs11 -inkey 'pkcs11:object=operator' | xxd -p -c 200
//
// which answers with DER; that is as good.
const { readFileSync } = require("node:fs");
const { SigningKey } = require("ethers");

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: key-file.cjs FILE   (the file holds a private key: 64 hexadecimal digits)");
  process.exit(64);
}
const digest = readFileSync(0, "utf8").trim().replace(/^0x/, "");
if (!/^[0-9a-f]{64}$/.test(digest)) {
  console.error("expected 32 bytes as 64 hexadecimal digits on stdin");
  process.exit(64);
}
const key = new SigningKey(`0x${readFileSync(file, "utf8").trim().replace(/^0x/, "")}`);
console.log(key.sign(`0x${digest}`).serialized);
