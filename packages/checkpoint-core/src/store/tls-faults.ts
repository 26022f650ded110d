/** What OpenSSL says of a certificate, as Node names it. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const ABOUT_CERTIFICATES: ReadonlySet<string> = new Set([
  "CERT_CHAIN_TOO_LONG",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CRL_HAS_EXPIRED",
  "CRL_NOT_YET_VALID",
  "CRL_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERROR_IN_CERT_NOT_AFTER_FIELD",
  "ERROR_IN_CERT_NOT_BEFORE_FIELD",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** The two sides do not agree on TLS, or a key or certificate that was given cannot be used. */
const ABOUT_TLS = /^(EPROTO$|ERR_SSL_|ERR_OSSL_|ERR_TLS_(?!HANDSHAKE_TIMEOUT))/;

/** What is wrong with a TLS connection that no repetition mends, by the code of Node's error; `undefined`: nothing of that. */
export function tlsFault(code: unknown): "certificate" | "name" | "protocol" | undefined {
  if (typeof code !== "string") return undefined;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") return "name";
  if (ABOUT_CERTIFICATES.has(code)) return "certificate";
  return ABOUT_TLS.test(code) ? "protocol" : undefined;
}
