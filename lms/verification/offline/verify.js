// Verifies credentials with no network: the same order of checks as lms/credentials/verifying.py, on the same rules.
"use strict";
(() => {
  const data = (id) => JSON.parse(document.getElementById(id).textContent);
  const rules = data("rules");
  const signatures = data("signatures");
  const bodyBytes = Uint8Array.from(atob(document.getElementById("bundle").textContent.trim()), (c) => c.charCodeAt(0));
  const bundle = JSON.parse(new TextDecoder().decode(bodyBytes));
  const encoder = new TextEncoder();
  const PREFIX = "credential-verification-bundle-1\n";
  const ID_BYTES = 10, PROOF_BYTES = 6, ENTRY = ID_BYTES + PROOF_BYTES, LIST_BYTES = 131072 / 8;

  class Refused extends Error {
    constructor(verdict, reason = "", detail = "") { super(verdict); Object.assign(this, { verdict, reason, detail }); }
  }

  // --- Bytes -----------------------------------------------------------------------------------------------------------

  const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  function fromBase58(text) {
    if (text[0] !== "z") throw new Error("not base58btc");
    let value = 0n;
    for (const character of text.slice(1)) {
      const digit = BASE58.indexOf(character);
      if (digit < 0) throw new Error("not base58btc");
      value = value * 58n + BigInt(digit);
    }
    const bytes = [];
    for (; value > 0n; value >>= 8n) bytes.unshift(Number(value & 255n));
    for (const character of text.slice(1)) { if (character !== "1") break; bytes.unshift(0); }
    return Uint8Array.from(bytes);
  }
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const join = (...parts) => { const all = []; for (const part of parts) all.push(...part); return Uint8Array.from(all); };
  const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

  async function isSigned(multikey, signature, message) {
    const key = fromBase58(multikey);
    if (key.length !== 34 || key[0] !== 0xed || key[1] !== 0x01) return false;
    const bytes = fromBase58(signature);
    if (bytes.length !== 64) return false;
    const imported = await crypto.subtle.importKey("raw", key.slice(2), { name: "Ed25519" }, false, ["verify"]);
    return crypto.subtle.verify({ name: "Ed25519" }, imported, bytes, message);
  }

  async function inflate(bytes, format, most) {
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format)).getReader();
    const parts = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > most) { await reader.cancel(); throw new Refused("unreadable", "too_large"); }
      parts.push(value);
    }
    const all = new Uint8Array(size);
    let place = 0;
    for (const part of parts) { all.set(part, place); place += part.length; }
    return all;
  }

  // --- What is in a file -------------------------------------------------------------------------------------------------

  const latin = (bytes) => { let text = ""; for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192)); return text; };

  async function credentialIn(bytes) {
    if (bytes.length > 4 * 1024 * 1024) throw new Refused("unreadable", "too_large");
    if (equal(bytes.slice(0, 8), [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return inPng(bytes);
    const start = latin(bytes.slice(0, 200)).replace(/^\xef\xbb\xbf/, "").trimStart();
    if (start.startsWith("%PDF-")) return inPdf(bytes);
    if (start.startsWith("<")) return inSvg(bytes);
    return bytes;
  }

  function one(found) {
    if (!found.length) throw new Refused("unreadable", "nothing_inside");
    if (found.length > 1) throw new Refused("unreadable", "two_inside");
    return found[0];
  }

  function inPng(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const found = [];
    for (let place = 8; place + 12 <= bytes.length;) {
      const length = view.getUint32(place), kind = latin(bytes.subarray(place + 4, place + 8));
      const content = bytes.subarray(place + 8, place + 8 + length);
      if (content.length !== length) throw new Refused("unreadable", "damaged");
      if (kind === "iTXt" && latin(content.subarray(0, 20)) === "openbadgecredential\0") {
        if (content[20] !== 0) throw new Refused("unreadable", "damaged");
        const language = content.indexOf(0, 22), translated = content.indexOf(0, language + 1);
        if (language < 0 || translated < 0) throw new Refused("unreadable", "damaged");
        found.push(content.slice(translated + 1));
      }
      place += 12 + length;
      if (kind === "IEND") break;
    }
    return one(found);
  }

  function inSvg(bytes) {
    const text = new TextDecoder().decode(bytes);
    if (/<!DOCTYPE|<!ENTITY/i.test(text)) throw new Refused("unreadable", "damaged");
    const tree = new DOMParser().parseFromString(text, "image/svg+xml");
    if (tree.querySelector("parsererror")) throw new Refused("unreadable", "damaged");
    const found = [...tree.getElementsByTagName("*")].filter((element) => element.localName === "credential");
    return encoder.encode(one(found).textContent.trim());
  }

  async function inPdf(bytes) {
    const text = latin(bytes);
    const found = [];
    for (const match of text.matchAll(/<<((?:(?!stream)[\s\S]){0,2000}?\/EmbeddedFile(?:(?!stream)[\s\S]){0,2000}?)>>\s*stream\r?\n/g)) {
      const length = /\/Length\s+(\d+)(?!\s+\d+\s+R)/.exec(match[1]);
      const start = match.index + match[0].length;
      const end = length ? start + Number(length[1]) : text.indexOf("endstream", start);
      const raw = bytes.slice(start, end);
      found.push(/\/FlateDecode/.test(match[1]) ? await inflate(raw, "deflate", rules.limits.bytes) : raw);
    }
    return one(found);
  }

  // --- Strict reading ----------------------------------------------------------------------------------------------------

  function read(bytes) {
    if (bytes.length > rules.limits.bytes) throw new Refused("unreadable", "too_large");
    let text;
    try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { throw new Refused("unreadable", "not_text"); }
    if (!text.trim()) throw new Refused("unreadable", "empty");
    let document_;
    checkMembers(text);
    try { document_ = JSON.parse(text); } catch { throw new Refused("unreadable", "not_json"); }
    if (document_ === null || typeof document_ !== "object" || Array.isArray(document_)) throw new Refused("unreadable", "not_an_object");
    return document_;
  }

  // JSON.parse keeps the last of two equal members in silence; readers differ in that, so there must be none.
  function checkMembers(text) {
    const open = [];
    let name = null;
    for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:,]/gs)) {
      if (token === "{" || token === "[") {
        open.push(token === "{" ? new Set() : null);
        if (open.length > rules.limits.depth) throw new Refused("unreadable", "too_deep");
      } else if (token === "}" || token === "]") open.pop();
      else if (token === ":" && name !== null && open.at(-1)) {
        let known; try { known = JSON.parse(name); } catch { throw new Refused("unreadable", "not_json"); }
        if (open.at(-1).has(known)) throw new Refused("unreadable", "duplicate_member");
        open.at(-1).add(known);
      }
      name = token[0] === '"' ? token : null;
    }
  }

  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const TYPES = {
    object: (v) => v !== null && typeof v === "object" && !Array.isArray(v), array: Array.isArray,
    string: (v) => typeof v === "string", boolean: (v) => typeof v === "boolean",
  };
  const characters = (text) => [...text].length;
  // The keywords our schema uses, and no others: one that is not known here refuses everything.
  const KEYWORDS = {
    $schema: () => true,
    type: (v, type) => TYPES[type](v),
    const: (v, expected) => same(v, expected),
    enum: (v, choices) => choices.some((choice) => same(v, choice)),
    pattern: (v, pattern) => typeof v !== "string" || new RegExp(pattern).test(v),
    minLength: (v, n) => typeof v !== "string" || characters(v) >= n,
    maxLength: (v, n) => typeof v !== "string" || characters(v) <= n,
    required: (v, names) => !TYPES.object(v) || names.every((name) => Object.hasOwn(v, name)),
    properties: (v, parts) => !TYPES.object(v) || Object.entries(parts).every(([name, part]) => !Object.hasOwn(v, name) || fits(v[name], part)),
    additionalProperties: (v, allowed, schema) => { if (allowed !== false) throw new Error("schema"); return !TYPES.object(v) || Object.keys(v).every((name) => Object.hasOwn(schema.properties, name)); },
    prefixItems: (v, parts) => !Array.isArray(v) || parts.every((part, i) => i >= v.length || fits(v[i], part)),
    items: (v, part, schema) => {
      if (!Array.isArray(v)) return true;
      const rest = v.slice((schema.prefixItems || []).length);
      return part === false ? rest.length === 0 : rest.every((item) => fits(item, part));
    },
    minItems: (v, n) => !Array.isArray(v) || v.length >= n,
    maxItems: (v, n) => !Array.isArray(v) || v.length <= n,
    uniqueItems: (v) => !Array.isArray(v) || new Set(v.map((item) => JSON.stringify(item))).size === v.length,
    anyOf: (v, choices) => choices.some((choice) => fits(v, choice)),
    contains: (v, part, schema) => {
      if (!Array.isArray(v)) return true;
      const count = v.filter((item) => fits(item, part)).length;
      return count >= 1 && count <= (schema.maxContains ?? Infinity);
    },
    maxContains: () => true,
  };
  const fits = (value, schema) => Object.entries(schema).every(([keyword, rule]) => {
    if (!Object.hasOwn(KEYWORDS, keyword)) throw new Error(`unknown keyword ${keyword}`);
    return KEYWORDS[keyword](value, rule, schema);
  });

  // --- The proof ---------------------------------------------------------------------------------------------------------

  const documentLoader = async (url) => {
    if (!Object.hasOwn(rules.contexts, url)) throw new Error("a context that is not one of ours");
    return { contextUrl: null, documentUrl: url, document: rules.contexts[url] };
  };
  const canonical = async (document_) => encoder.encode(await jsonld.canonize(document_, { algorithm: "RDFC-1.0", format: "application/n-quads", documentLoader, safe: true, base: "" }));

  async function hasValidProof(document_, multikey) {
    const { proof: [options], ...unsecured } = document_;
    const { proofValue, ...rest } = options;
    const configuration = { ...rest, "@context": document_["@context"] };
    try {
      const message = join(await sha256(await canonical(configuration)), await sha256(await canonical(unsecured)));
      return await isSigned(multikey, proofValue, message);
    } catch (error) {
      if (error.name === "NotSupportedError") throw new Refused("could_not_check");
      return false;
    }
  }

  const moment = (text) => {
    const found = new Date(text);
    if (Number.isNaN(found.getTime()) || found.toISOString().replace(".000Z", "Z") !== text) throw new Refused("tampered", "dates");
    return found;
  };

  function keyOf(issuer, method) {
    const [did, id] = method.split("#");
    return did === issuer.did ? issuer.keys.find((key) => key.id === id) : undefined;
  }

  // --- The check ---------------------------------------------------------------------------------------------------------

  async function check(document_, answer) {
    const kinds = [].concat(document_.type ?? document_["@type"] ?? []);
    if (!kinds.includes("VerifiableCredential") || !Object.hasOwn(document_, "issuer")) throw new Refused("unreadable", "not_a_credential");
    const claimed = TYPES.object(document_.issuer) ? document_.issuer.id : document_.issuer;
    const issuer = bundle.issuers.find((one_) => one_.did === claimed);
    if (!issuer) throw new Refused("unknown_issuer");
    if (!fits(document_, rules.schema)) throw new Refused("tampered", "profile");
    const [options] = document_.proof;
    const key = keyOf(issuer, options.verificationMethod);
    if (!key) throw new Refused("tampered", "foreign_key");
    if (key.retired && moment(options.created) > moment(key.retired)) throw new Refused("tampered", "retired_key");
    if (!await hasValidProof(document_, key.publicKeyMultibase)) throw new Refused("tampered", "signature");
    const from = moment(document_.validFrom), until = document_.validUntil ? moment(document_.validUntil) : null;
    if (Date.now() >= moment(bundle.expires)) throw new Refused("could_not_check", "bundle_expired");
    // Of another body's credentials nothing is known but that body's status lists.
    if (!issuer.foreign) await checkKnown(document_, options, key);
    else if (key.compromised) throw new Refused("tampered", "compromised_key");
    else if (!issuer.statusLists.includes(document_.credentialStatus.statusListCredential)) throw new Refused("could_not_check", "no_status_of_others");
    Object.assign(answer, { document: document_, issuer, from, until });
    const withdrawn = bundle.withdrawn[document_.credentialStatus.id];
    const isRevoked = await isSet(document_.credentialStatus, issuer);
    if (withdrawn) answer.withdrawn = withdrawn;
    if (withdrawn?.replaced) throw new Refused("superseded");
    if (withdrawn || isRevoked) throw new Refused("revoked");
    if (from > Date.now()) throw new Refused("not_yet_valid");
    if (until && until <= Date.now()) throw new Refused("expired");
  }

  const known = Uint8Array.from(atob(bundle.known), (c) => c.charCodeAt(0));
  async function checkKnown(document_, options, key) {
    const identity = (await sha256(encoder.encode(document_.id))).slice(0, ID_BYTES);
    const proof = (await sha256(encoder.encode(options.proofValue))).slice(0, PROOF_BYTES);
    let low = 0, high = known.length / ENTRY;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(known.subarray(middle * ENTRY, middle * ENTRY + ID_BYTES), identity) < 0) low = middle + 1; else high = middle;
    }
    const entry = known.subarray(low * ENTRY, (low + 1) * ENTRY);
    if (!equal([...entry.subarray(0, ID_BYTES)], [...identity])) {
      if (key.compromised) throw new Refused("tampered", "foreign_key");
      if (moment(options.created) >= moment(bundle.made)) throw new Refused("could_not_check", "newer_than_bundle");
      throw new Refused("unknown", "not_registered");
    }
    if (!equal([...entry.subarray(ID_BYTES)], [...proof])) throw new Refused("tampered", "not_as_issued");
  }
  const compare = (a, b) => { for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i] - b[i]; return 0; };

  const lists = new Map();
  async function bitsOf(url, issuer) {
    const list = bundle.statusLists.find((one_) => one_.id === url);
    if (!list || !fits(list, rules.listSchema) || list.issuer !== issuer.did) return null;
    const key = keyOf(issuer, list.proof[0].verificationMethod);
    if (!key || key.compromised || !await hasValidProof(list, key.publicKeyMultibase)) return null;
    if (moment(list.validFrom) > Date.now() || moment(list.validUntil) <= Date.now()) return null;
    const packed = atob(list.credentialSubject.encodedList.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const bits = await inflate(Uint8Array.from(packed, (c) => c.charCodeAt(0)), "gzip", LIST_BYTES);
    return bits.length === LIST_BYTES ? bits : null;
  }
  async function isSet(status, issuer) {
    const url = status.statusListCredential;
    if (!lists.has(url)) lists.set(url, await bitsOf(url, issuer).catch(() => null));
    const bits = lists.get(url), index = Number(status.statusListIndex);
    if (!bits || index >= LIST_BYTES * 8) throw new Refused("could_not_check", issuer.foreign ? "no_status_of_others" : "no_status_list");
    return Boolean(bits[index >> 3] & (0x80 >> (index & 7)));
  }

  async function verify(bytes) {
    const answer = { verdict: "could_not_check", reason: "", detail: "" };
    try {
      if (!isBundleRight) throw new Refused("could_not_check", "bundle_expired");
      await check(read(await credentialIn(bytes)), answer);
      answer.verdict = "valid";
    } catch (error) {
      if (error instanceof Refused) Object.assign(answer, { verdict: error.verdict, reason: error.reason, detail: error.detail });
      else answer.verdict = "could_not_check";
    }
    return answer;
  }

  // --- The page ----------------------------------------------------------------------------------------------------------

  let language = "th", isBundleRight = false, signer = "";
  const shown = [];
  const LABELS = {
    th: { holder: "ชื่อในวุฒิบัตร", name: "ผลสำเร็จ", issuer: "ออกโดย", number: "หมายเลข", issued: "วันที่ออก", until: "ใช้ได้ถึง", never: "ไม่มีวันหมดอายุ", file: "ไฟล์", other: "English", note: "ข้อความสำหรับบันทึกในแฟ้ม", unnamed: "ไม่ได้ระบุ" },
    en: { holder: "Name in it", name: "Achievement", issuer: "Issued by", number: "Number", issued: "Issued", until: "Valid until", never: "does not expire", file: "File", other: "ไทย", note: "For the file", unnamed: "not given" },
  };
  const day = (moment_) => moment_.toLocaleDateString(language === "th" ? "th-TH-u-ca-buddhist-nu-latn" : "en-GB-u-ca-gregory", { day: "numeric", month: "long", year: "numeric" });
  const time = (moment_) => `${day(moment_)} ${moment_.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })}${language === "th" ? " น." : ""}`;

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function messageOf(answer) {
    const moments = { revoked: answer.withdrawn && new Date(answer.withdrawn.at), expired: answer.until, not_yet_valid: answer.from };
    const date = moments[answer.verdict] ? day(moments[answer.verdict]) : "–";
    let because = answer.reason ? rules.reasons[answer.reason][language].replaceAll("{detail}", answer.detail || "–") : "";
    if (answer.verdict === "revoked") because = rules.revocations[language][answer.withdrawn?.reason] || LABELS[language].unnamed;
    const words = answer.verdict === "revoked" && !answer.withdrawn ? rules.undated : rules.verdicts[answer.verdict].message;
    const text = words[language].replaceAll("{date}", date).replaceAll("{reason}", because);
    return answer.verdict === "could_not_check" && because ? `${text} ${because}` : text;
  }

  function cardOf({ name, answer }) {
    const words = rules.verdicts[answer.verdict], labels = LABELS[language];
    const card = element("article", "", `result is-${answer.verdict}`);
    card.dataset.verdict = answer.verdict;
    card.append(element("p", `${labels.file}: ${name}`, "file"), element("h2", words.headline[language]), element("p", messageOf(answer)));
    if (answer.document) {
      const subject = answer.document.credentialSubject, list = element("dl");
      const facts = [
        [labels.holder, subject.identifier.find((i) => i.identityType === "name").identityHash],
        [labels.name, language === "th" ? subject.achievement.name : answer.document.name],
        [labels.issuer, answer.issuer[`name_${language}`]], [labels.number, subject.licenseNumber],
        [labels.issued, day(answer.from)], [labels.until, answer.until ? day(answer.until) : labels.never],
      ];
      for (const [label, text] of facts) list.append(element("dt", label), element("dd", text));
      card.append(list);
    }
    card.append(element("p", `${labels.note}: ${words.result[language]} (${asOf()})`, "small"));
    return card;
  }

  const asOf = () => `${language === "th" ? "สถานะ ณ วันที่" : "status as of"} ${time(new Date(bundle.made))}`;

  function show() {
    document.documentElement.lang = language;
    for (const part of document.querySelectorAll("[data-th]")) part.textContent = part.dataset[language];
    document.getElementById("site").textContent = bundle.site;
    const state = document.getElementById("as-of"), isOld = Date.now() >= new Date(bundle.expires);
    const words = { th: ["สถานะ ณ วันที่", "ใช้ได้ถึง", "ชุดข้อมูลนี้หมดอายุหรือถูกแก้ไข โปรดดาวน์โหลดใหม่", "ลงนามด้วยกุญแจ"], en: ["Status as of", "good until", "This bundle is out of date or was changed: fetch a new one.", "Signed with key"] }[language];
    state.className = isBundleRight && !isOld ? "as-of" : "as-of bad";
    state.textContent = isBundleRight && !isOld ? `${words[0]} ${time(new Date(bundle.made))} · ${words[1]} ${day(new Date(bundle.expires))} · ${words[3]} ${signer}` : words[2];
    const other = document.getElementById("language");
    other.textContent = LABELS[language].other;
    other.lang = language === "th" ? "en" : "th";
    document.getElementById("results").replaceChildren(...shown.map(cardOf));
  }

  async function take(event) {
    shown.length = 0;
    for (const file of event.target.files) {
      shown.push({ name: file.name, answer: await verify(new Uint8Array(await file.arrayBuffer())) });
      show();
    }
    document.body.dataset.done = String(shown.length);
  }

  async function begin() {
    const message = join(encoder.encode(PREFIX), await sha256(bodyBytes));
    for (const one_ of signatures) {
      if (await isSigned(one_.publicKeyMultibase, one_.signature, message).catch(() => false)) { isBundleRight = true; signer = one_.publicKeyMultibase; break; }
    }
    show();
    document.body.dataset.ready = "yes";
  }

  document.getElementById("language").addEventListener("click", () => { language = language === "th" ? "en" : "th"; show(); });
  document.getElementById("files").addEventListener("change", take);
  begin();
})();
