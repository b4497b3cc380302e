"""What each kind of ordering service writes into blocks, and which changes of it an orderer takes."""
