import * as Schema from "effect/Schema"

export class Nothing extends Schema.TaggedRequest<Nothing>()("Nothing", {
  failure: Schema.Never,
  success: Schema.Void,
  payload: {}
}) {}
