/** A thread that ends instead of answering its second question, as one does that is out of memory. */
import { answerQuestions } from "../../src/threads";

let questions = 0;

answerQuestions(async () => () => {
  if (++questions === 2) process.exit(9);
  const answer = {
    ...{ differences: [], notChecked: [], leaves: [], published: new Map() },
    done: { batches: 1, records: 1, recomputed: 1 },
    clocks: { counts: new Map(), found: new Map(), policies: new Set(), told: new Map() },
  };
  return { answer, transfer: [] };
});
