// Holds members of MLS groups with ts-mls and does as it is told: one JSON object a line on standard input, one answer a line on
// standard output. Bytes are hexadecimal. Whatever goes wrong is answered as {"error": "..."} and leaves the member as it was.
import { createInterface } from "node:readline";
import { webcrypto } from "node:crypto";
import {
  acceptAll, branchGroup, ciphersuites, createApplicationMessage, createCommit, createGroup, createGroupInfoWithExternalPub, createProposal,
  decodeMlsMessage, encodeMlsMessage, generateKeyPackageWithKey, getCiphersuiteFromName, getCiphersuiteImpl, joinGroup, joinGroupExternal,
  makePskIndex, processPrivateMessage, processPublicMessage, proposeAddExternal, reinitCreateNewGroup,
} from "ts-mls";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { varLenDataEncoder } from "ts-mls/codec/variableLength.js";
import { createGroupInfo } from "ts-mls/createCommit.js";
import { signWithLabel } from "ts-mls/crypto/signature.js";
import { greaseCapabilities } from "ts-mls/grease.js";
import { encodeLeafNodeTBS } from "ts-mls/leafNode.js";
import { updateLeafKey } from "ts-mls/privateKeyPath.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";

globalThis.crypto ??= webcrypto; // Node 18 has it only there.

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
const curves = { P256: p256, P384: p384, P521: p521 };
const applicationExtension = 0xf00f; // Of the private range; what it means is nobody's business here.
const capabilities = greaseCapabilities(
  { probabilityPerGreaseValue: 1.1 }, // All of them, every time.
  { versions: ["mls10"], ciphersuites: Object.keys(ciphersuites), extensions: [applicationExtension], proposals: [], credentials: ["basic"] });

const members = new Map();
const psks = {};

// One decoded MLSMessage of the kind, to its last byte.
function decode(text, wireformat) {
  const encoded = bytes(text);
  const [message, length] = decodeMlsMessage(encoded, 0) ?? [];
  if (message === undefined || length !== encoded.length || (wireformat !== undefined && message.wireformat !== wireformat))
    throw new Error(`Not a whole ${wireformat ?? "MLSMessage"}.`);
  return message;
}

// ts-mls 1.6 makes the signature keys of the NIST curves compressed; RFC 9420 §5.1.1 has them uncompressed. Only the making is wrong.
async function signatureKeys(suite, algorithm) {
  const curve = curves[algorithm];
  if (curve === undefined)
    return suite.signature.keygen();
  const signKey = curve.utils.randomSecretKey();
  return { signKey, publicKey: curve.getPublicKey(signKey, false) };
}

const operations = {
  async psk({ id, secret }) {
    psks[Buffer.from(id, "hex").toString("base64")] = bytes(secret);
    return {};
  },

  async keyPackage({ name, identity, suite: number }) {
    const suiteName = suiteNamed(number);
    const description = getCiphersuiteFromName(suiteName);
    const suite = await getCiphersuiteImpl(description);
    const member = { identity, suite, signatureKeys: await signatureKeys(suite, description.signature), state: undefined };
    members.set(name, { ...member, ...await freshPackages(member) });
    return { keyPackage: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: members.get(name).publicPackage })) };
  },

  async create({ name, group }) {
    const member = members.get(name);
    member.state = await createGroup(bytes(group), member.publicPackage, member.privatePackage, [], member.suite);
    return {};
  },

  // A new group that continues the former member's: of all its members, as a ReInit has it, or else a branch. The others join apart.
  async continue({ name, former, group, suite, branch, keyPackages }) {
    const member = members.get(name);
    const { state } = members.get(former);
    const packages = keyPackages.map((one) => decode(one, "mls_key_package").keyPackage);
    const { newState, welcome } = branch
      ? await branchGroup(state, member.publicPackage, member.privatePackage, packages, bytes(group), member.suite)
      : await reinitCreateNewGroup(state, member.publicPackage, member.privatePackage, packages, bytes(group), suiteNamed(suite), []);
    member.state = newState;
    return made(undefined, welcome, newState);
  },

  async join({ name, former, welcome, tree }) {
    const member = members.get(name);
    const message = decode(welcome, "mls_welcome");
    const formerState = members.get(former)?.state;
    member.state = await joinGroup(
      message.welcome, member.publicPackage, member.privatePackage, makePskIndex(formerState, psks), member.suite, decodedTree(tree), formerState);
    return {};
  },

  // RFC 9420 §12.4.3.2 has the key in external_pub with a length of its own; ts-mls 1.6 writes it bare.
  async groupInfo({ name, bare }) {
    const { state, suite } = members.get(name);
    const key = await suite.hpke.exportPublicKey((await suite.hpke.deriveKeyPair(state.keySchedule.externalSecret)).publicKey);
    const groupInfo = bare
      ? await createGroupInfoWithExternalPub(state, [], suite)
      : await createGroupInfo(
        state.groupContext, state.confirmationTag, state, [{ extensionType: "external_pub", extensionData: encode(varLenDataEncoder)(key) }], suite);
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo })), tree: hex(encodeRatchetTree(state.ratchetTree)) };
  },

  // And it takes the whole of external_pub for the key, so its length is taken off where the key is read.
  async externalJoin({ name, groupInfo, tree, resync, bare }) {
    const member = members.get(name);
    const packages = resync ? await freshPackages(member) : member;
    const keyLength = packages.publicPackage.initKey.length;
    const { hpke } = member.suite;
    const suite = bare ? member.suite : { ...member.suite, hpke: { ...hpke, importPublicKey: (key) => hpke.importPublicKey(key.slice(-keyLength)) } };
    const { publicMessage, newState } = await joinGroupExternal(
      decode(groupInfo, "mls_group_info").groupInfo, packages.publicPackage, packages.privatePackage, resync, suite, decodedTree(tree));
    member.pending = newState;
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage })) };
  },

  // What the member made was the first of its epoch.
  async merge({ name }) {
    const member = members.get(name);
    member.state = member.pending;
    member.pending = member.updateKey = undefined;
    return {};
  },

  async process({ name, message: text }) {
    const member = members.get(name);
    const message = decode(text);
    // The new key of an Update of one's own must be there before the Commit's path is opened, and ts-mls does not keep it.
    const state = member.updateKey === undefined || (message.privateMessage ?? message.publicMessage.content).contentType === "proposal"
      ? member.state
      : { ...member.state, privatePath: updateLeafKey(member.state.privatePath, member.updateKey) };
    const index = makePskIndex(state, psks);
    const result = message.wireformat === "mls_public_message"
      ? await processPublicMessage(state, message.publicMessage, index, member.suite, acceptAll)
      : await processPrivateMessage(state, message.privateMessage, index, member.suite, acceptAll);
    if (result.newState.groupContext.epoch !== member.state.groupContext.epoch)
      member.pending = member.updateKey = undefined;
    member.state = result.newState;
    return { data: result.message === undefined ? undefined : hex(result.message) };
  },

  async propose({ name, open, ...change }) {
    const member = members.get(name);
    const { message, newState } = await createProposal(member.state, open, await proposal(member, change), member.suite);
    member.state = newState;
    return { message: hex(encodeMlsMessage(message)) };
  },

  // RFC 9420 §12.1.8: one outside proposes itself.
  async proposeItself({ name, groupInfo }) {
    const { publicPackage, privatePackage, suite } = members.get(name);
    const message = await proposeAddExternal(decode(groupInfo, "mls_group_info").groupInfo, publicPackage, privatePackage, suite);
    return { message: hex(encodeMlsMessage(message)) };
  },

  async commit({ name, open, treeInside, proposals }) {
    const member = members.get(name);
    const { commit, welcome, newState } = await createCommit(
      { state: member.state, cipherSuite: member.suite, pskIndex: makePskIndex(member.state, psks) },
      { wireAsPublicMessage: open, ratchetTreeExtension: treeInside, extraProposals: await Promise.all(proposals.map((one) => proposal(member, one))) });
    member.pending = newState;
    return made(commit, welcome, newState);
  },

  async protect({ name, data }) {
    const member = members.get(name);
    const { privateMessage, newState } = await createApplicationMessage(member.state, bytes(data), member.suite);
    member.state = newState;
    return { message: hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage })) };
  },

  async status({ name }) {
    const { state } = members.get(name);
    return {
      epoch: Number(state.groupContext.epoch),
      authenticator: hex(state.keySchedule.epochAuthenticator),
      treeHash: hex(state.groupContext.treeHash),
      leaf: state.privatePath.leafIndex,
      removed: state.groupActiveState.kind === "removedFromGroup",
    };
  },
};

function suiteNamed(number) {
  return Object.keys(ciphersuites).find((key) => ciphersuites[key] === number);
}

function decodedTree(tree) {
  return tree === undefined ? undefined : decodeRatchetTree(bytes(tree), 0)[0];
}

function made(commit, welcome, newState) {
  return {
    message: commit && hex(encodeMlsMessage(commit)),
    welcome: welcome && hex(encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })),
    tree: hex(encodeRatchetTree(newState.ratchetTree)),
  };
}

async function freshPackages({ identity, suite, signatureKeys }) {
  const now = BigInt(Math.floor(Date.now() / 1000));
  const credential = { credentialType: "basic", identity: new TextEncoder().encode(identity) };
  return generateKeyPackageWithKey(credential, capabilities, { notBefore: now - 3600n, notAfter: now + 86400n }, [], signatureKeys, suite);
}

async function proposal(member, { add, remove, psk, update, extension, reinit }) {
  if (add !== undefined)
    return { proposalType: "add", add: { keyPackage: decode(add, "mls_key_package").keyPackage } };
  if (remove !== undefined)
    return { proposalType: "remove", remove: { removed: remove } };
  if (psk !== undefined)
    return { proposalType: "psk", psk: { preSharedKeyId: { psktype: "external", pskId: bytes(psk.id), pskNonce: bytes(psk.nonce) } } };
  if (extension !== undefined) {
    const extensions = [{ extensionType: applicationExtension, extensionData: bytes(extension) }];
    return { proposalType: "group_context_extensions", groupContextExtensions: { extensions } };
  }

  if (reinit !== undefined)
    return { proposalType: "reinit", reinit: { groupId: bytes(reinit.group), version: "mls10", cipherSuite: suiteNamed(reinit.suite), extensions: [] } };
  if (update)
    return { proposalType: "update", update: { leafNode: await updatedLeaf(member) } };
  throw new Error("Not a proposal.");
}

// ts-mls has no call for an Update's leaf, so it is put together from its parts.
async function updatedLeaf(member) {
  const { state, suite } = member;
  const keys = await suite.hpke.generateKeyPair();
  const { signature: _, lifetime: __, parentHash: ___, ...current } = state.ratchetTree[2 * state.privatePath.leafIndex].leaf;
  const leaf = {
    ...current, leafNodeSource: "update", hpkePublicKey: await suite.hpke.exportPublicKey(keys.publicKey),
    groupId: state.groupContext.groupId, leafIndex: state.privatePath.leafIndex,
  };
  member.updateKey = await suite.hpke.exportPrivateKey(keys.privateKey);
  return { ...leaf, signature: await signWithLabel(state.signaturePrivateKey, "LeafNodeTBS", encodeLeafNodeTBS(leaf), suite.signature) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...parameters } = JSON.parse(line);
  let answer;
  try {
    answer = await operations[op](parameters);
  } catch (error) {
    answer = { error: error.message };
  }

  process.stdout.write(JSON.stringify(answer) + "\n");
}
