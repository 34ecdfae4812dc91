import { closedLoop } from "./closed-loop.ts";
import { holdStreams } from "./hold-streams.ts";
import { openLoop } from "./open-loop.ts";
import type { Job, Told } from "./protocol.ts";

/** The process that makes the load: one job at a time, from its parent, over the message channel. */

function tell(told: Told): void {
  process.send?.(told);
}

function run(job: Job): Promise<Extract<Told, { tell: "result" }>["result"]> {
  switch (job.kind) {
    case "closed":
      return closedLoop(job, tell);
    case "open":
      return openLoop(job, tell);
    case "hold":
      return holdStreams(job, tell);
  }
}

process.on("message", (job: Job) => {
  run(job).then(
    (result) => tell({ tell: "result", result }),
    (error: Error) => tell({ tell: "failed", message: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
