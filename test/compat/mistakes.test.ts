import assert from "node:assert/strict";
import { test } from "node:test";
import { formatIssue } from "../../src/config/issues.ts";
import { loadAndCompile } from "./load-and-compile.ts";

/**
 * The mistakes that people make, and what they are told: where it is (line, column and path) and what to do. `text` begins
 * in line 2. What is said is given whole, so that whoever changes it reads it.
 */

interface Mistake {
  readonly name: string;
  readonly text: string;
  readonly says: readonly string[];
}

const mistakes: readonly Mistake[] = [
  {
    name: "a policy's name is misspelt",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        mcpAuthorisation:
          rules: []
      backends:
      - host: localhost:8080
`,
    says: ["7:9: binds[0].listeners[0].routes[0].policies.mcpAuthorisation: unknown key; did you mean `mcpAuthorization`?"],
  },
  {
    name: "a section's name is misspelt",
    text: `
bind:
- port: 3000
`,
    says: ["2:1: bind: unknown key; did you mean `binds`?"],
  },
  {
    name: "listeners stand at the top",
    text: `
listeners:
- routes: []
`,
    says: ["2:1: listeners: unknown key here: it belongs below `binds` or `gateways`"],
  },
  {
    name: "a list without its dashes",
    text: `
binds:
- port: 3000
  listeners:
    routes:
    - backends:
      - host: localhost:8080
`,
    says: ["5:5: binds[0].listeners: expected a list, got a map; begin each entry with `- `"],
  },
  {
    name: "a policy that is a list is written as a map",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        localRateLimit:
          maxTokens: 10
          tokensPerFill: 1
          fillInterval: 60s
      backends:
      - host: localhost:8080
`,
    says: ["8:11: binds[0].listeners[0].routes[0].policies.localRateLimit: expected a list, got a map; begin each entry with `- `"],
  },
  {
    name: "policies are written as a list",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
      - cors:
          allowOrigins: ["*"]
      backends:
      - host: localhost:8080
`,
    says: ["7:7: binds[0].listeners[0].routes[0].policies: expected a map, got a list; leave out the `- ` in front of its keys"],
  },
  {
    name: "rules without `rules`",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        authorization:
        - allow: 'true'
      backends:
      - host: localhost:8080
`,
    says: ["8:9: binds[0].listeners[0].routes[0].policies.authorization: expected a map, got a list; its keys are `rules`"],
  },
  {
    name: "a key is indented between two others",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - host: localhost:8080
     policies:
        cors: {}
`,
    says: [
      "8:6: binds[0].listeners[0].routes[1].policies: stands among the entries of a list and begins with no `- `; indent it like the keys that it belongs to",
    ],
  },
  {
    name: "a policy is indented like `policies`",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
      cors:
        allowOrigins: ["*"]
      backends:
      - host: localhost:8080
`,
    says: ["7:7: binds[0].listeners[0].routes[0].cors: unknown key here: it belongs below `policies`"],
  },
  {
    name: "what belongs to a key is indented like the key",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - mcp:
        targets:
        - name: everything
          stdio:
            cmd: npx
`,
    says: [
      "7:13: binds[0].listeners[0].routes[0].backends[0].mcp: expected a map, got nothing; what belongs to it must be indented further than it is",
      "8:9: binds[0].listeners[0].routes[0].backends[0].targets: unknown key here: it belongs below `mcp`",
    ],
  },
  {
    name: "nothing stands behind a key",
    text: `
mcp:
  port: 3000
  targets:
`,
    says: ["4:11: mcp.targets: expected a list, got nothing; what belongs to it must be indented further than it is"],
  },
  {
    name: "a port in quotes",
    text: `
binds:
- port: "3000"
  listeners: []
`,
    says: ["3:9: binds[0].port: expected a number, got a string; leave out the quotes"],
  },
  {
    name: "a port that is none",
    text: `
mcp:
  port: 70000
  targets: []
`,
    says: ["3:9: mcp.port: must be at most 65535"],
  },
  {
    name: "an MCP backend without targets",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - mcp:
          statefulMode: stateless
`,
    says: ["7:9: binds[0].listeners[0].routes[0].backends[0].mcp.targets: is missing"],
  },
  {
    name: "a key that is needed is not there",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        localRateLimit:
        - maxTokens: 10
          tokensPerFill: 1
      backends:
      - host: localhost:8080
`,
    says: ["8:11: binds[0].listeners[0].routes[0].policies.localRateLimit[0].fillInterval: is missing"],
  },
  {
    name: "a target without a name",
    text: `
mcp:
  targets:
  - stdio: {cmd: npx}
`,
    says: ["4:5: mcp.targets[0].name: is missing"],
  },
  {
    name: "names of MCP tools have next to no room, pages none",
    text: `
mcp:
  targets:
  - name: files
    stdio: {cmd: npx}
  maxNameLength: 20
  pageSize: 0
`,
    says: ["6:18: mcp.maxNameLength: must be at least 32", "7:13: mcp.pageSize: must be at least 1"],
  },
  {
    name: "a key set's URL is written as a string",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        jwtAuth:
          issuer: https://issuer.example.com
          audiences: [a]
          jwks: https://issuer.example.com/jwks
      backends:
      - host: localhost:8080
`,
    says: [
      "10:17: binds[0].listeners[0].routes[0].policies.jwtAuth.jwks: a string here is the document itself; a URL is written as `{url: ...}`",
    ],
  },
  {
    name: "a key set's file is written as a string",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        jwtAuth:
          issuer: https://issuer.example.com
          audiences: [a]
          jwks: ./keys.json
      backends:
      - host: localhost:8080
`,
    says: [
      "10:17: binds[0].listeners[0].routes[0].policies.jwtAuth.jwks: a string here is the document itself; a file is written as `{file: ...}`",
    ],
  },
  {
    name: "one audience without brackets",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        jwtAuth:
          issuer: https://issuer.example.com
          audiences: a
          jwks: {url: https://issuer.example.com/jwks}
      backends:
      - host: localhost:8080
`,
    says: [
      "9:22: binds[0].listeners[0].routes[0].policies.jwtAuth.audiences: expected a list, got a string; write it in brackets, `[...]`, or as an entry after `- `",
    ],
  },
  {
    name: "one origin without brackets",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        cors:
          allowOrigins: "*"
      backends:
      - host: localhost:8080
`,
    says: [
      "8:25: binds[0].listeners[0].routes[0].policies.cors.allowOrigins: expected a list, got a string; write it in brackets, `[...]`, or as an entry after `- `",
    ],
  },
  {
    name: "arguments in one string",
    text: `
mcp:
  targets:
  - name: a
    stdio:
      cmd: npx
      args: -y @modelcontextprotocol/server-everything
`,
    says: ["7:13: mcp.targets[0].stdio.args: expected a list, got a string; write it in brackets, `[...]`, or as an entry after `- `"],
  },
  {
    name: "a provider that does not exist",
    text: `
llm:
  models:
  - name: "*"
    provider: openapi
`,
    says: [
      "5:15: llm.models[0].provider: expected `openAI` or `openai` or `vertex` or `gemini` or `anthropic` or `bedrock` or `azure` or `copilot` or `cohere` or `ollama` or `baseten` or `cerebras` or `deepinfra` or `deepseek` or `groq` or `huggingface` or `mistral` or `openrouter` or `togetherai` or `xai` or `fireworks`; did you mean `openAI`?",
    ],
  },
  {
    name: "a provider in the wrong case",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - ai:
          name: x
          provider:
            openai: {}
`,
    says: ["10:13: binds[0].listeners[0].routes[0].backends[0].ai.provider.openai: unknown key; did you mean `openAI`?"],
  },
  {
    name: "an asterisk in the middle of a model's name",
    text: `
llm:
  models:
  - name: gpt-*-mini
    provider: openAI
`,
    says: ["4:11: llm.models[0].name: may hold one `*`, at its start or its end"],
  },
  {
    name: "a tab",
    text: `mcp:\n  port: 3000\n\ttargets: []\n`,
    says: ["3:1: mcp: a tab is used for indentation; YAML takes only spaces"],
  },
  {
    name: "a key is there twice",
    text: `
mcp:
  port: 3000
  targets: []
  port: 3001
`,
    says: ["5:3: mcp.port: the same key is there twice; keep one of them"],
  },
  {
    name: "quotes are not closed",
    text: `
mcp:
  targets:
  - name: "a
    mcp:
      host: http://localhost:3001/mcp
`,
    says: ["4:11: mcp.targets[0].name: the quotes that are opened here are not closed"],
  },
  {
    name: "no space after the colon",
    text: `
mcp:
  targets:
  - name: a
    mcp:
      host:http://localhost:3001/mcp
`,
    says: ["6:7: mcp.targets[0].mcp: expected a map, got a string; is there a space missing after the `:`?"],
  },
  {
    name: "an expression with a colon and no quotes",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        authorization:
          rules:
          - allow: request.path == "a: b"
          - deny: foo: bar
      backends:
      - host: localhost:8080
`,
    says: [
      "9:20: binds[0].listeners[0].routes[0].policies.authorization.rules[0].allow: a key on this line has another key or list as its name; is there a `:` too many, text that needs quotes, or a line indented too far?",
      "10:19: binds[0].listeners[0].routes[0].policies.authorization.rules[1].deny: a key on this line has another key or list as its name; is there a `:` too many, text that needs quotes, or a line indented too far?",
    ],
  },
  {
    name: "an environment variable is not set",
    text: `
llm:
  models:
  - name: "*"
    provider: openAI
    params:
      apiKey: "$OPENAI_KEY"
`,
    says: [
      "7:16: llm.models[0].params.apiKey: the environment variable OPENAI_KEY is not set; give a default with ${OPENAI_KEY:-...}, or write $$ for a dollar sign",
    ],
  },
  {
    name: "`=` in an expression",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        authorization:
          rules:
          - allow: 'jwt.sub = "alice"'
      backends:
      - host: localhost:8080
`,
    says: ['9:20: binds[0].listeners[0].routes[0].policies.authorization.rules[0].allow: CEL 1:9: unexpected "="; comparing is "=="'],
  },
  {
    name: "a parenthesis in an expression is not closed",
    text: `
mcp:
  targets: [{name: a, mcp: {host: http://localhost:1/mcp}}]
  policies:
    mcpAuthorization:
      rules:
      - mcp.tool.name == "echo" && (jwt.sub == "a"
`,
    says: ['7:9: mcp.policies.mcpAuthorization.rules[0]: CEL 1:43: expected ")", but the expression ends'],
  },
  {
    name: "a variable that expressions do not have",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        authorization:
          rules:
          - allow: 'req.path == "/"'
      backends:
      - host: localhost:8080
`,
    says: [
      '9:20: binds[0].listeners[0].routes[0].policies.authorization.rules[0].allow: CEL 1:1: unknown variable "req"; there are request, response, jwt, apiKey, basicAuth, source, destination, backend, mcp, llm, llmRequest, extauthz, extproc, mcpGuardrails, metadata, env, proxy',
    ],
  },
  {
    name: "a field that a variable does not have",
    text: `
mcp:
  targets: [{name: a, mcp: {host: http://localhost:1/mcp}}]
  policies:
    mcpAuthorization:
      rules:
      - mcp.tools.name == "echo"
`,
    says: [
      'warning: mcp.policies.mcpAuthorization.rules[0]: CEL 1:5: mcp has no field "tools"; did you mean "tool"?; what reads it can only fail',
    ],
  },
  {
    name: "a method that expressions do not have",
    text: `
mcp:
  targets: [{name: a, mcp: {host: http://localhost:1/mcp}}]
  policies:
    mcpAuthorization:
      rules:
      - mcp.tool.name.beginsWith("echo")
`,
    says: ['7:9: mcp.policies.mcpAuthorization.rules[0]: CEL 1:15: unknown method "beginsWith"'],
  },
  {
    name: "a duration without its unit",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        timeout:
          requestTimeout: 30
      backends:
      - host: localhost:8080
`,
    says: [
      '8:27: binds[0].listeners[0].routes[0].policies.timeout.requestTimeout: expected a duration with its unit, like "300ms", "15s" or "1h30m"',
    ],
  },
  {
    name: "a duration with a wrong unit",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        timeout:
          requestTimeout: 30 sec
      backends:
      - host: localhost:8080
`,
    says: [
      '8:27: binds[0].listeners[0].routes[0].policies.timeout.requestTimeout: expected a duration with its unit, like "300ms", "15s" or "1h30m"',
    ],
  },
  {
    name: "a bracket of a regular expression is not closed",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path:
          regex: "/v[0-9+/.*"
      backends:
      - host: localhost:8080
`,
    says: [
      "8:18: binds[0].listeners[0].routes[0].matches[0].path.regex: expected a regular expression in RE2 syntax; a `[` is not closed; a literal one is `\\[`",
    ],
  },
  {
    name: "an asterisk of file names in a regular expression",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - headers:
        - name: x
          value:
            regex: "*.example"
      backends:
      - host: localhost:8080
`,
    says: [
      "10:20: binds[0].listeners[0].routes[0].matches[0].headers[0].value.regex: expected a regular expression in RE2 syntax; there is nothing in front of a `*`, `+` or `?` that could be repeated; any text is `.*`",
    ],
  },
  {
    name: "look-ahead in a regular expression",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path: {regex: "/(?!admin).*"}
      backends:
      - host: localhost:8080
`,
    says: [
      "7:23: binds[0].listeners[0].routes[0].matches[0].path.regex: expected a regular expression in RE2 syntax; look-around and back references are not part of it",
    ],
  },
  {
    name: "a URL as host of a backend",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - host: http://localhost:8080
`,
    says: [
      "7:15: binds[0].listeners[0].routes[0].backends[0].host: expected host:port, not a URL; TLS is switched on with the backend policy `backendTLS`",
    ],
  },
  {
    name: "a host without port",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - host: localhost
`,
    says: ['7:15: binds[0].listeners[0].routes[0].backends[0].host: expected host:port, such as "api.internal:8080" or "[::1]:8080"'],
  },
  {
    name: "an MCP server's URL without http",
    text: `
mcp:
  targets:
  - name: a
    mcp:
      host: localhost:3001/mcp
`,
    says: ["6:7: mcp.targets[0].mcp: needs a URL such as http://localhost:3001/mcp, or host:port, in `host`"],
  },
  {
    name: "an underscore in a target's name",
    text: `
mcp:
  targets:
  - name: my_target
    mcp:
      host: http://localhost:3001/mcp
`,
    says: ["4:11: mcp.targets[0].name: must hold no `_` and no `+`: they stand between target and tool in names that clients see"],
  },
  {
    name: "a target of two kinds",
    text: `
mcp:
  targets:
  - name: a
    stdio: {cmd: npx}
    sse: {host: http://localhost:3001/sse}
`,
    says: ["4:5: mcp.targets[0]: needs exactly one of `mcp`, `stdio`, `sse`, `openapi`, but has `stdio` and `sse`"],
  },
  {
    name: "a program's command without `stdio`",
    text: `
mcp:
  targets:
  - name: a
    cmd: npx
`,
    says: ["5:5: mcp.targets[0].cmd: unknown key here: it belongs below `stdio`"],
  },
  {
    name: "a protocol in the wrong case",
    text: `
binds:
- port: 3000
  listeners:
  - protocol: HTTPs
    routes: []
`,
    says: ["5:15: binds[0].listeners[0].protocol: expected `HTTP` or `HTTPS` or `TLS` or `TCP` or `HBONE`; did you mean `HTTPS`?"],
  },
  {
    name: "HTTPS without a certificate",
    text: `
binds:
- port: 3000
  listeners:
  - protocol: HTTPS
    routes: []
`,
    says: ["5:5: binds[0].listeners[0]: needs `tls` with a certificate, as its protocol is HTTPS"],
  },
  {
    name: "a certificate without HTTPS",
    text: `
binds:
- port: 3000
  listeners:
  - tls: {cert: a.pem, key: b.pem}
    routes: []
`,
    says: ["5:10: binds[0].listeners[0].tls: has no effect on protocol HTTP; set `protocol: HTTPS`"],
  },
  {
    name: "a file that does not exist",
    text: `
binds:
- port: 3000
  listeners:
  - protocol: HTTPS
    tls: {cert: nowhere.pem, key: nowhere-key.pem}
    routes: []
`,
    says: ["6:10: binds[0].listeners[0].tls: cannot read the file nowhere.pem"],
  },
  {
    name: "a policy in a place that does not have it",
    text: `
binds:
- port: 3000
  listeners:
  - policies:
      backendAuth: {key: x}
    routes: []
`,
    says: ["6:7: binds[0].listeners[0].policies.backendAuth: unknown key here: it is a policy of routes and of backends"],
  },
  {
    name: "policies of a bind",
    text: `
binds:
- port: 3000
  policies: {cors: {}}
  listeners: []
`,
    says: ["4:3: binds[0].policies: unknown key here: it belongs below `listeners`"],
  },
  {
    name: "a path without what to do with it",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path: /a
      backends:
      - host: localhost:8080
`,
    says: [
      "7:15: binds[0].listeners[0].routes[0].matches[0].path: expected a map, got a string; its keys are `exact`, `pathPrefix`, `regex`",
    ],
  },
  {
    name: "a path prefix without slash",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path: {pathPrefix: api}
      backends:
      - host: localhost:8080
`,
    says: ["7:28: binds[0].listeners[0].routes[0].matches[0].path.pathPrefix: must start with /"],
  },
  {
    name: "two ways to match a path",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path:
          exact: /a
          pathPrefix: /b
      backends:
      - host: localhost:8080
`,
    says: [
      "8:11: binds[0].listeners[0].routes[0].matches[0].path: needs exactly one of `exact`, `pathPrefix`, `regex`, but has `exact` and `pathPrefix`",
    ],
  },
  {
    name: "the name of a backend is misspelt",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - backends:
      - backend: serch
backends:
- name: search
  host: localhost:8080
`,
    says: ["7:18: binds[0].listeners[0].routes[0].backends[0].backend: names a backend that does not exist; did you mean `search`?"],
  },
  {
    name: "the name of a gateway is misspelt",
    text: `
gateways:
  main: {port: 3000}
routes:
- gateways: mian
  backends: [{host: localhost:8080}]
`,
    says: ["5:13: routes[0].gateways: names a gateway that does not exist; did you mean `main`?"],
  },
  {
    name: "a port is used twice",
    text: `
binds:
- port: 3000
  listeners: []
- port: 3000
  listeners: []
`,
    says: ["5:9: binds[1].port: port 3000 is taken by `binds[0]` already"],
  },
  {
    name: "yes for true",
    text: `
mcp:
  targets:
  - name: a
    mcp: {host: http://localhost:3001/mcp}
  policies:
    cors:
      allowOrigins: ["*"]
      allowCredentials: "yes"
`,
    says: ["9:25: mcp.policies.cors.allowCredentials: expected true or false, got a string; YAML has no other words for them"],
  },
  {
    name: "a number for a name",
    text: `
llm:
  models:
  - name: "*"
    provider: openAI
    params: {model: 4}
`,
    says: ["6:21: llm.models[0].params.model: expected a string, got a whole number; put it in quotes"],
  },
  {
    name: "a port for an address",
    text: `
config:
  adminAddr: 15000
mcp: {targets: []}
`,
    says: ["3:14: config.adminAddr: expected a string, got a whole number; put it in quotes"],
  },
  {
    name: "API keys as plain strings",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - policies:
        apiKey:
          keys: [abc]
      backends:
      - host: localhost:8080
`,
    says: [
      "8:18: binds[0].listeners[0].routes[0].policies.apiKey.keys[0]: expected a map, got a string; its keys are `key`, `keyHash`, `metadata`, `allowedModels`",
    ],
  },
  {
    name: "a Kubernetes resource",
    text: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
`,
    says: [
      "2:1: apiVersion: unknown key here: this looks like a Kubernetes resource; only the gateway's own configuration can be read",
      "3:1: kind: unknown key",
    ],
  },
  {
    name: "a list for the whole",
    text: `
- a`,
    says: ["2:1: expected a map, got a list; leave out the `- ` in front of its keys"],
  },
  {
    name: "asterisks in the middle of a key's models",
    text: `
llm:
  models: [{name: gpt-4o, provider: openAI}]
  policies:
    apiKey:
      keys:
      - key: a-key
        allowedModels: ["gpt-*-mini"]
`,
    says: ["8:25: llm.policies.apiKey.keys[0].allowedModels[0]: may hold one `*`, at its start or its end"],
  },
  {
    name: "a prefix is replaced where none is matched",
    text: `
binds:
- port: 3000
  listeners:
  - routes:
    - matches:
      - path: {pathPrefix: /a}
      - path: {exact: /b}
      policies:
        urlRewrite: {path: {prefix: /c}}
      backends:
      - host: localhost:8080
`,
    says: [
      "warning: binds[0].listeners[0].routes[0].policies.urlRewrite.path.prefix: fails on requests of matches[1], which do not match by `pathPrefix`",
    ],
  },
  {
    name: "a claim of one's own is required",
    text: `
mcp:
  targets: [{name: a, mcp: {host: "http://localhost:3001/mcp"}}]
  policies:
    mcpAuthentication:
      issuer: https://issuer.example.com
      audiences: [https://mcp.example.com/mcp]
      jwks: {url: "https://issuer.example.com/keys"}
      resourceMetadata: {resource: https://mcp.example.com/mcp, scopesSupported: [read]}
      jwtValidationOptions: {requiredClaims: [exp, email]}
`,
    says: [
      "warning: mcp.policies.mcpAuthentication: jwtValidationOptions.requiredClaims has no effect on email; use the policy `authorization` with `require: has(jwt.email)`",
    ],
  },
];

/** Only what is wrong with the document as a whole has no path. */
const complete = /^\d+:\d+: (?:[a-z][\w.[\]-]*: |(?=expected a map))\S.{8,}$/i;

for (const { name, text, says } of mistakes) {
  test(name, () => {
    const { issues, warnings } = loadAndCompile(text);
    const said = issues.map((issue) => formatIssue(issue).replace(/^c\.yaml:/, ""));
    assert.deepEqual([...said, ...warnings.map((warning) => `warning: ${warning}`)], says);
    for (const line of said) assert.match(line, complete);
  });
}
