/** A release of what was never prepared here, or was prepared under another ref. */
export class ReleaseRefused extends Error {
  readonly code = 'release-refused';

  constructor(poolId: string, attemptId: string, ref: string) {
    super(
      `Pool "${poolId}" holds no job of attempt ${attemptId} with ref "${ref}", so nothing was started. ` +
        'Prepare the attempt again and release it with the ref that prepare answers.',
    );
  }
}
