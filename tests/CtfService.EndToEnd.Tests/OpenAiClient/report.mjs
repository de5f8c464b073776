/** Prints what a script found out: one JSON object, which OpenAiClientTests.cs reads. */
export const report = findings => console.log(JSON.stringify(findings));

/** What became of a call that should fail: which of the client's error classes, and what the service said. */
export const failure = async call => {
  try {
    return { error: null, answer: await call() };
  } catch (error) {
    return {
      error: error.constructor.name,
      status: error.status,
      code: error.code,
      param: error.param,
      type: error.type,
      message: error.message,
      requestId: error.requestID,
      retryAfter: error.headers?.get('retry-after'),
    };
  }
};
