// The source of targets that only carry precompiled headers: seatrial_precompile() in Rooms.cmake.
