-- A device signs in on its WebSocket, with nothing that is stored.

DROP TABLE sessions;

DELETE FROM settings WHERE name = 'challenge_key';
