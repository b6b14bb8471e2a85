/* Run by test_scoring_agrees.py with Node: reads {scheme, forms} and prints what the inspector's page makes of each form. */
import { readFileSync } from "node:fs";
import { standing } from "../../safety_service/web/inspect/scoring.js";

const { scheme, forms } = JSON.parse(readFileSync(0, "utf8"));
const shown = forms.map(({ date, cafeteria, items }) => {
  const answers = Object.fromEntries(items.map(({ code, ...given }) => [code, given]));
  const found = standing(scheme, date, cafeteria, answers);
  return found && { value: found.value, grade: found.band?.grade ?? null, icon: found.band?.icon ?? null, reason: found.override?.reason ?? null };
});
process.stdout.write(JSON.stringify(shown));
