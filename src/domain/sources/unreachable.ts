/**
 * Why an asset is not reachable. Nothing here tells whether a file exists outside the asset roots:
 *
 * | cause             | meaning                                                                          |
 * |-------------------|----------------------------------------------------------------------------------|
 * | `not_found`       | the path names nothing, or goes through a file as if it were a directory         |
 * | `outside_roots`   | the text of the path leads out of the roots. Nothing was looked at               |
 * | `symlink_outside` | a symbolic link inside the roots leads out of them. Its target was not looked at |
 * | `not_a_file`      | a directory, a FIFO, a socket or a device                                        |
 * | `permission`      | the worker's user may not read it                                                |
 * | `loop`            | symbolic links that lead in a circle, or more than 40 of them                    |
 * | `name_too_long`   | the path or a name in it is longer than the system allows                        |
 * | `invalid_path`    | the system takes no such path: it has a NUL character                            |
 *
 * And of an asset that is not a local file (`src/sources/faults.ts` says which answer means which):
 *
 * | cause               | meaning                                                                        |
 * |---------------------|--------------------------------------------------------------------------------|
 * | `not_found`         | there is no such object, bucket or upload, or the profile does not reach it    |
 * | `incomplete`        | parts of the upload are still missing                                          |
 * | `forbidden`         | the server refuses to give it to us                                            |
 * | `refused`           | the server refuses the request for another reason                              |
 * | `archived`          | it lies in an archive, and has to be restored first                            |
 * | `too_large`         | the server does not tell its length, and it is longer than an image may be     |
 * | `invalid_url`       | the text is no http(s) URL, or it has user info                                |
 * | `address_forbidden` | the URL, or a redirect, leads to an address that is not public                 |
 * | `dns`               | the name in the URL does not exist                                             |
 * | `tls`               | the server's certificate is not valid for its name, or TLS is not possible     |
 * | `redirects`         | more than five redirects, or one that leads nowhere                            |
 * | `encoding`          | the server sends a content encoding that was not asked for                     |
 * | `invalid_answer`    | the answer is no HTTP, or exceeds a bound                                      |
 * | `profile_unknown`   | the tenant has no such profile                                                 |
 */
export const UNREACHABLE_CAUSES = [
  'not_found',
  'outside_roots',
  'symlink_outside',
  'not_a_file',
  'permission',
  'loop',
  'name_too_long',
  'invalid_path',
  'incomplete',
  'forbidden',
  'refused',
  'archived',
  'too_large',
  'invalid_url',
  'address_forbidden',
  'dns',
  'tls',
  'redirects',
  'encoding',
  'invalid_answer',
  'profile_unknown',
] as const;
export type UnreachableCause = (typeof UNREACHABLE_CAUSES)[number];

/** The answer for an asset that is not reachable. */
export interface Unreachable {
  readonly unreachable: UnreachableCause;
}
