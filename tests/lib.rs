//! What holds across services: stories told through the real system, and the rules of the house.
