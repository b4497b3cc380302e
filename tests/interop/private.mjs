// The official Node client works with private data of a contract of ours and prints what it saw as one
// JSON object. Usage: node private.mjs '{"departments": {"Tax": {"address": …}, …}, …}'
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { connect, hash, signers } from "@hyperledger/fabric-gateway";

const settings = JSON.parse(process.argv[2]);
const text = (bytes) => Buffer.from(bytes).toString("utf8");
const open = [];

function contractOf(name) {
  const department = settings.departments[name];
  const client = new grpc.Client(
    department.address,
    grpc.credentials.createSsl(readFileSync(department.tlsRoots)),
  );
  const gateway = connect({
    client,
    identity: { mspId: department.mspId, credentials: readFileSync(department.certificate) },
    signer: signers.newPrivateKeySigner(createPrivateKey(readFileSync(department.key))),
    hash: hash.sha256,
  });
  open.push(gateway, client);
  const network = gateway.getNetwork(settings.channel);
  return { network, contract: network.getContract(settings.chaincode) };
}

async function refusal(action) {
  try {
    await action();
  } catch (error) {
    return { code: error.code, details: error.details };
  }
  return null;
}

const seen = {};
try {
  const [tax, health, steel] = ["Tax", "Health", "Steel"].map(contractOf);
  const value = { transientData: { value: "四位数密码" } };

  const commit = await tax.contract.submitAsync("keep", {
    arguments: ["chosen"],
    endorsingOrganizations: ["TaxMSP", "HealthMSP"],
    ...value,
  });
  const status = await commit.getStatus();
  seen.chosen = [status.successful, text(await health.contract.evaluateTransaction("show", "chosen"))];

  await tax.contract.submit("keep", { arguments: ["planned"], ...value });
  seen.planned = text(await health.contract.evaluateTransaction("show", "planned"));

  seen.hash = text(await steel.contract.evaluateTransaction("fingerprint", "chosen"));
  seen.stranger = await refusal(() =>
    steel.contract.evaluate("show", { arguments: ["chosen"], endorsingOrganizations: ["SteelMSP"] }),
  );
  seen.outsider = await refusal(() =>
    steel.contract.submit("keep", {
      arguments: ["theirs"],
      endorsingOrganizations: ["SteelMSP"],
      ...value,
    }),
  );

  seen.delivered = {};
  for (const [name, { network }] of Object.entries({ tax, health, steel })) {
    const blocks = await network.getBlockAndPrivateDataEvents({ startBlock: status.blockNumber });
    try {
      for await (const item of blocks) {
        const names = [];
        item.getPrivateDataMapMap().forEach((data) => {
          for (const one of data.getNsPvtRwsetList()) {
            names.push(...one.getCollectionPvtRwsetList().map((it) => it.getCollectionName()));
          }
        });
        seen.delivered[name] = names;
        break;
      }
    } finally {
      blocks.close();
    }
  }
} finally {
  open.forEach((one) => one.close());
}
console.log(JSON.stringify(seen));
