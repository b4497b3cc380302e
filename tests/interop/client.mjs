// The official Node client against a network of ours: it does each thing once and prints what it saw
// as one JSON object. Usage: node client.mjs '{"address": …, "tlsRoots": …, …}'
import { X509Certificate, createHash, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import * as grpc from "@grpc/grpc-js";
import { connect, hash, signers, GatewayError, EndorseError, CommitError } from "@hyperledger/fabric-gateway";

const settings = JSON.parse(process.argv[2]);
const client = new grpc.Client(
  settings.address,
  grpc.credentials.createSsl(
    readFileSync(settings.tlsRoots),
    readFileSync(settings.tlsKey),
    readFileSync(settings.tlsCertificate),
  ),
);
const gateway = connect({
  client,
  tlsClientCertificateHash: createHash("sha256")
    .update(new X509Certificate(readFileSync(settings.tlsCertificate)).raw)
    .digest(),
  identity: { mspId: settings.mspId, credentials: readFileSync(settings.certificate) },
  signer: signers.newPrivateKeySigner(createPrivateKey(readFileSync(settings.key))),
  hash: hash.sha256,
});
const text = (bytes) => Buffer.from(bytes).toString("utf8");

async function failure(action) {
  try {
    await action();
  } catch (error) {
    return {
      gateway: error instanceof GatewayError,
      endorse: error instanceof EndorseError,
      commit: error instanceof CommitError,
      code: error.code,
      message: error.message,
      details: error.details,
      transactionId: error.transactionId,
    };
  }
  return null;
}

async function first(stream, wanted) {
  try {
    for await (const item of stream) {
      if (wanted(item)) return item;
    }
  } finally {
    stream.close();
  }
}

const seen = {};
try {
  const network = gateway.getNetwork(settings.channel);
  const contract = network.getContract(settings.chaincode);
  const events = await network.getChaincodeEvents(settings.chaincode);

  seen.submitted = text(await contract.submitTransaction("put", settings.prefix, "公开目录"));
  seen.evaluated = text(await contract.evaluateTransaction("get", settings.prefix));
  seen.binary = Buffer.from(
    await contract.evaluateTransaction("echo", Buffer.from("00ff80feffc328", "hex")),
  ).toString("hex");
  seen.transient = text(
    await contract.submit("transient", {
      arguments: ["secret"],
      transientData: { secret: "四位数密码" },
    }),
  );

  const commit = await contract.submitAsync("announce", {
    arguments: [`${settings.prefix}-event`, "发布"],
    endorsingOrganizations: settings.organizations,
  });
  const status = await commit.getStatus();
  seen.status = {
    code: status.code,
    successful: status.successful,
    blockNumber: status.blockNumber.toString(),
    sameId: status.transactionId === commit.getTransactionId(),
  };
  const event = await first(events, (item) => item.eventName === `${settings.prefix}-event`);
  seen.event = {
    chaincode: event.chaincodeName,
    payload: text(event.payload),
    blockNumber: event.blockNumber.toString(),
    sameId: event.transactionId === commit.getTransactionId(),
  };

  const replay = await network.getChaincodeEvents(settings.chaincode, {
    startBlock: status.blockNumber,
  });
  seen.replayed = text((await first(replay, () => true)).payload);
  const blocks = await network.getBlockEvents({ startBlock: status.blockNumber });
  seen.block = (await first(blocks, () => true)).getHeader().getNumber().toString();
  const filtered = await network.getFilteredBlockEvents({ startBlock: status.blockNumber });
  seen.filtered = (await first(filtered, () => true))
    .getFilteredTransactionsList()
    .map((item) => [item.getTxid() === commit.getTransactionId(), item.getTxValidationCode()]);
  const withPrivateData = await network.getBlockAndPrivateDataEvents({
    startBlock: status.blockNumber,
  });
  seen.withPrivateData = (await first(withPrivateData, () => true))
    .getBlock()
    .getHeader()
    .getNumber()
    .toString();

  seen.refusedEvaluation = await failure(() => contract.evaluateTransaction("refuse", "没有法律依据"));
  seen.refusedSubmission = await failure(() => contract.submitTransaction("refuse", "没有法律依据"));
  seen.longRefusal = await failure(() => contract.submitTransaction("refuse_at_length", "2000"));
  seen.unknownChannel = await failure(() =>
    gateway.getNetwork("nochan").getContract(settings.chaincode).evaluateTransaction("get", "x"),
  );
  seen.differing = await failure(() => contract.submitTransaction("differ", settings.prefix));
  seen.policyFailure = await failure(() =>
    contract.submit("put", {
      arguments: [settings.prefix, "alone"],
      endorsingOrganizations: [settings.mspId],
    }),
  );

  const unsigned = contract.newProposal("put", { arguments: [settings.prefix, "offline"] });
  const proposal = gateway.newProposal(unsigned.getBytes());
  const endorsed = await proposal.endorse();
  const resumed = gateway.newTransaction(endorsed.getBytes());
  seen.offline = text(resumed.getResult());
  seen.offlineStatus = (await (await resumed.submit()).getStatus()).code;
} finally {
  gateway.close();
  client.close();
}
console.log(JSON.stringify(seen));
