Feature: Events
  A department follows blocks and contract events from any point, without a gap and without a repeat.

  Background:
    Given I am a user of MktSup

  Scenario: A contract event is delivered once it is committed
    Given I follow the events of the contract from now on
    When I submit "announce" with "$key", "published"
    Then the next event is "$key" with "published"

  Scenario: Events can be replayed from a block
    Given I submitted "announce" with "$key", "one"
    And I submitted "announce" with "$key", "two"
    When I follow the events of the contract from the block of the first
    Then the next event is "$key" with "one"
    And the next event is "$key" with "two"

  Scenario: Events can be replayed after a transaction
    Given I submitted "announce" with "$key", "one"
    And I submitted "announce" with "$key", "two"
    When I follow the events of the contract after the first transaction
    Then the next event is "$key" with "two"

  Scenario: A checkpoint in a file carries on where it was
    Given I submitted "announce" with "$key", "one"
    And I submitted "announce" with "$key", "two"
    And I followed the events from the block of the first with a checkpoint file and took one
    When I follow the events of the contract with the checkpoint file
    Then the next event is "$key" with "two"

  Scenario: An invalid transaction sends no event
    Given I follow the events of the contract from now on
    When I endorse "announce" with "$key", "never" by MktSup
    And I submit the endorsed transaction
    And I submit "announce" with "$key", "valid"
    Then the next event is "$key" with "valid"

  Scenario: Block events
    Given I submitted "put" with "$key", "v"
    When I follow block events from the block of the first
    Then the next block has that number and holds the transaction as VALID

  Scenario: Filtered block events
    Given I submitted "announce" with "$key", "v"
    When I follow filtered block events from the block of the first
    Then the next block has that number and holds the transaction as VALID

  Scenario: Block and private data events
    Given I submitted "put" with "$key", "v"
    When I follow block and private data events from the block of the first
    Then the next block has that number and holds the transaction as VALID

  Scenario Outline: Streams of a channel that is not there
    When I follow <kind> of the channel "nochan"
    Then the stream fails with <failure>

    Examples:
      | kind                  | failure                                                              |
      | contract events       | PERMISSION_DENIED "Failed to get policy manager for channel [nochan]" |
      | block events          | NOT_FOUND                                                            |
      | filtered block events | NOT_FOUND                                                            |
