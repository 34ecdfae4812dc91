import { z } from "zod";

/** Stands in for the CEL schema until that exists. */
export const celExpression = () => z.string();
