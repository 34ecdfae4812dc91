import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** Where a PEM text came from, for messages. */
export interface PemFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Checks that a text begins with a certificate that can be read, so that a wrong file is found at load and not at the first
 * handshake.
 * @throws Error naming the file, never its content
 */
export function readCertificate({ file, text }: PemFile): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error(`${file} holds no certificate in PEM form`, { cause });
  }
}

/**
 * Checks that a private key can be read and is the certificate's.
 * @throws Error naming the files, never their content
 */
export function checkKeyPair(certificate: PemFile, key: PemFile): void {
  const parsed = readCertificate(certificate);
  if (!parsed.checkPrivateKey(readKey(key)))
    throw new Error(`the key in ${key.file} is not that of the certificate in ${certificate.file}`);
}

function readKey({ file, text }: PemFile): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new Error(`${file} holds no private key in PEM form without a passphrase`, { cause });
  }
}
