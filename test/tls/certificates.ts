import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate with its private key, PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Somebody who signs certificates; `cert` is what to trust. */
export interface TestAuthority extends TestCertificate {
  /** @param names host names, IP addresses or URIs it is for; the first is also its common name */
  readonly issue: (names: readonly string[], validity?: Validity) => TestCertificate;
}

export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

const day = 86_400_000;
const thisWeek = (): Validity => ({ from: new Date(Date.now() - day), to: new Date(Date.now() + 7 * day) });

/** Makes an authority with a key of its own, for certificates of a test: X.509 version 3 (RFC 5280), P-256 and SHA-256. */
export function testAuthority(name: string): TestAuthority {
  const { privateKey, publicKey } = keyPair();
  const subject = { name, publicKey, extensions: [extension(oid.basicConstraints, sequence(boolean(true)), true)] };
  return {
    cert: certificate(subject, { name, privateKey }, thisWeek()),
    key: pemKey(privateKey),
    issue: (names, validity = thisWeek()) => {
      const own = keyPair();
      const extensions = [extension(oid.subjectAltName, sequence(...names.map(generalName)))];
      const leaf = { name: names[0] as string, publicKey: own.publicKey, extensions };
      return { cert: certificate(leaf, { name, privateKey }, validity), key: pemKey(own.privateKey) };
    },
  };
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

interface Signer {
  readonly name: string;
  readonly privateKey: KeyObject;
}

function certificate(subject: Subject, signer: Signer, { from, to }: Validity): string {
  const algorithm = sequence(oid.ecdsaWithSha256);
  const signed = sequence(
    element(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(signer.name),
    sequence(generalizedTime(from), generalizedTime(to)),
    distinguishedName(subject.name),
    subject.publicKey.export({ type: "spki", format: "der" }),
    element(0xa3, sequence(...subject.extensions)),
  );
  const signature = sign("sha256", signed, signer.privateKey);
  const der = sequence(signed, algorithm, element(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g) as string[];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const keyPair = (): { privateKey: KeyObject; publicKey: KeyObject } => generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemKey = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" });

// DER (X.690): tag, length, content

function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...contents: readonly Buffer[]): Buffer => element(0x30, ...contents);
const integer = (bytes: Buffer): Buffer => element(0x02, bytes);
const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
const oidOf = (hex: string): Buffer => element(0x06, Buffer.from(hex, "hex"));

const oid = {
  commonName: oidOf("550403"),
  basicConstraints: oidOf("551d13"),
  subjectAltName: oidOf("551d11"),
  ecdsaWithSha256: oidOf("2a8648ce3d040302"),
};

function distinguishedName(commonName: string): Buffer {
  return sequence(element(0x31, sequence(oid.commonName, element(0x0c, Buffer.from(commonName)))));
}

function generalizedTime(date: Date): Buffer {
  return element(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
}

function generalName(name: string): Buffer {
  if (isIP(name) === 4) return element(0x87, Buffer.from(name.split(".").map(Number)));
  return element(name.includes("://") ? 0x86 : 0x82, Buffer.from(name));
}

function extension(id: Buffer, value: Buffer, critical = false): Buffer {
  return sequence(id, ...(critical ? [boolean(true)] : []), element(0x04, value));
}
