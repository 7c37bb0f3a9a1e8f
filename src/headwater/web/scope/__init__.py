"""What one caller sees and may write: the ledger and the objects, narrowed to their projects."""
