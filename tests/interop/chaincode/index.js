// A contract on the official Node runtime: public and private state, events, refusals.
"use strict";

const { Contract } = require("fabric-contract-api");

class Records extends Contract {
  constructor() {
    super("Records");
  }

  async put(ctx, key, value) {
    await ctx.stub.putState(key, Buffer.from(value));
    ctx.stub.setEvent("put", Buffer.from(key));
    return value;
  }

  async get(ctx, key) {
    return Buffer.from(await ctx.stub.getState(key)).toString();
  }

  async keys(ctx, start, end) {
    const found = [];
    for await (const item of ctx.stub.getStateByRange(start, end)) {
      found.push(item.key);
    }
    return found.join(",");
  }

  async whoami(ctx) {
    return ctx.clientIdentity.getMSPID() + " " + ctx.clientIdentity.getID();
  }

  async refuse(ctx, reason) {
    throw new Error(reason);
  }

  async putPrivate(ctx, collection, key) {
    await ctx.stub.putPrivateData(collection, key, ctx.stub.getTransient().get("value"));
  }

  async getPrivate(ctx, collection, key) {
    return Buffer.from(await ctx.stub.getPrivateData(collection, key)).toString();
  }

  async hash(ctx, collection, key) {
    return Buffer.from(await ctx.stub.getPrivateDataHash(collection, key)).toString("hex");
  }
}

module.exports.contracts = [Records];
