import { createServer } from "node:http";

import { Rooms } from "./rooms.js";

const rooms = new Rooms();

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://lobby");
  const player = searchParams.get("player");
  const send = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  if (pathname === "/health") return send(200, { status: "up" });
  if (request.method !== "POST" || !player) return send(400, { error: "POST /join?player=NAME" });
  if (pathname === "/join") return send(200, rooms.join(player));
  if (pathname === "/leave") return send(200, { left: rooms.leave(Number(searchParams.get("room")), player) });
  return send(404, { error: `nothing at ${pathname}` });
});

server.listen(8080);
process.on("SIGTERM", () => server.close());
