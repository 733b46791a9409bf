/** Why a signature or attestation is rejected. */
export class CandidateError extends Error {
  override readonly name = "CandidateError";
}
