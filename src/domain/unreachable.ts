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
] as const;
export type UnreachableCause = (typeof UNREACHABLE_CAUSES)[number];

/** The answer for an asset that is not reachable. */
export interface Unreachable {
  readonly unreachable: UnreachableCause;
}
