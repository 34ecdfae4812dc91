/** Bucket bounds, the reference project's: a dashboard's quantiles keep their meaning. Seconds, where not said otherwise. */

/** Requests and calls to backends. */
export const requestBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 80];

/** The gateway's own time. */
export const processingBuckets = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25];

/** Connections and TLS handshakes. */
export const connectBuckets = [0.0005, 0.0015, 0.0043, 0.0126, 0.0368, 0.108, 0.316, 0.924, 2.71, 8];

/** Tokens: powers of 4 (GenAI semantic conventions, gen_ai.client.token.usage). */
export const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

/** Model calls (gen_ai.server.request.duration). */
export const modelCallBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

/** gen_ai.server.time_to_first_token. */
export const firstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** gen_ai.server.time_per_output_token, with one more for 1,000 tokens a second. */
export const outputTokenBuckets = [0.001, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
