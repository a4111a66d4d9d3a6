/** Rooms of up to four players; the first room with a free place takes the next player. */
export class Rooms {
  static SIZE = 4;
  #rooms = [];

  join(player) {
    let room = this.#rooms.findIndex((players) => players.size < Rooms.SIZE && !players.has(player));
    if (room < 0) room = this.#rooms.push(new Set()) - 1;
    this.#rooms[room].add(player);
    return { room, players: [...this.#rooms[room]] };
  }

  leave(room, player) {
    return this.#rooms[room]?.delete(player) ?? false;
  }
}
