Feature: Offline signing
  The key may live elsewhere: each step can be taken as bytes, signed there, and carried on here.

  Background:
    Given I am a user of Haidian whose key is elsewhere

  Scenario: Evaluate
    Given a user of EconInfo submitted "put" with "$key", "signed apart"
    When I evaluate "get" with "$key", signing the proposal elsewhere
    Then the result is "signed apart"

  Scenario: Each step of a transaction
    When I submit "put" with "$key", "four signatures", signing each step elsewhere
    Then the result is "four signatures"
    And the commit status is VALID

  Scenario: A signature for other bytes is refused
    When I evaluate "get" with "$key", signing something else
    Then it fails with FAILED_PRECONDITION
    And the department Haidian says "error validating proposal: access denied: channel [conformance] creator org [HaidianMSP]"

  Scenario: Contract events
    Given a user of EconInfo submitted "announce" with "$key", "far away"
    When I follow the events of the contract from the block of the first, signing the request elsewhere
    Then the next event is "$key" with "far away"

  Scenario: Block events
    Given a user of EconInfo submitted "put" with "$key", "v"
    When I follow block events from the block of the first, signing the request elsewhere
    Then the next block has that number and holds the transaction as VALID
