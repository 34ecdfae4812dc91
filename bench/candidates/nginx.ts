import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "../machine/ports.ts";
import { startProcess, waitFor } from "../machine/processes.ts";
import { answers, NotInstalled, type Running, type StartSettings } from "./candidate.ts";

/**
 * nginx as the unit that everything is counted in: proxy_pass, one worker, kept-alive connections on both sides, no log.
 * An instance of our own with its own prefix; an nginx that the system runs is not touched.
 */
export async function startNginx({ upstreamPorts, core, folder }: StartSettings): Promise<Running> {
  const program = findNginx();
  const [port] = (await freePorts(1)) as [number];
  const file = join(folder, "nginx.conf");
  mkdirSync(join(folder, "temporary"));
  writeFileSync(file, configuration(folder, port, upstreamPorts[0] as number));
  const process = startProcess(program, ["-p", folder, "-c", file, "-e", "stderr"], { core });
  await waitFor(process, () => answers(port));
  return { process, port };
}

function findNginx(): string {
  for (const path of ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"]) if (existsSync(path)) return path;
  try {
    return execFileSync("which", ["nginx"], { encoding: "utf8" }).trim();
  } catch {
    throw new NotInstalled("nginx is not installed (Debian: apt-get install nginx-light): no ratios without it");
  }
}

function configuration(folder: string, port: number, upstreamPort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `  ${kind}_temp_path ${join(folder, "temporary", kind)};`,
  );
  return `
${process.getuid?.() === 0 ? "user root;" : ""}
daemon off;
worker_processes 1;
pid ${join(folder, "nginx.pid")};
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
${temporary.join("\n")}
  upstream bench {
    server 127.0.0.1:${upstreamPort};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}
