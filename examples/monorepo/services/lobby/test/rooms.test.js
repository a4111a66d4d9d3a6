import assert from "node:assert/strict";
import { test } from "node:test";

import { Rooms } from "../rooms.js";

test("the fifth player opens a second room", () => {
  const rooms = new Rooms();
  for (const player of ["ida", "ole", "liv", "tor"]) assert.equal(rooms.join(player).room, 0);
  assert.deepEqual(rooms.join("unn"), { room: 1, players: ["unn"] });
});
