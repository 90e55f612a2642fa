// A reporter for Node's test runner: a JSON line per case, with the names of the suites around it.

const line = (event) => `${JSON.stringify(event)}\n`;

export default async function* report(source) {
  const names = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      names.length = data.nesting;
      names[data.nesting] = data.name;
    } else if (type === "test:pass" || type === "test:fail") {
      const failed = type === "test:fail";
      const failure = data.details?.error?.failureType ?? "";
      const suite = data.details?.type === "suite";
      if (suite && (!failed || failure === "subtestsFailed")) continue;
      if (failed && failure === "subtestsFailed" && data.file === undefined) continue;
      const expected = data.todo !== undefined && data.todo !== false;
      const skipped = data.skip !== undefined && data.skip !== false;
      const status = skipped ? "skipped" : failed ? (expected ? "xfailed" : "failed") : "passed";
      const path = [...names.slice(0, data.nesting), data.name].map((name) => name ?? "");
      yield line({ event: "case", file: data.file ?? "", names: path, status });
    }
  }
  yield line({ event: "done" });
}
