int unknown();
