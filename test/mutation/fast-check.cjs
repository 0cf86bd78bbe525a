// fast-check for a mutation run: few runs, the same ones each time, and no search for the smallest example that fails.
const fastCheck = require('fast-check-itself');

fastCheck.configureGlobal({ numRuns: Number(process.env.CHUSUAN_PROPERTY_RUNS), seed: 1, endOnFailure: true });
module.exports = fastCheck;
