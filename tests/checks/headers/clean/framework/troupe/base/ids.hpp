missing by_cmake;
