Feature: History
  Every peer can tell what became of a record, and by which transactions.

  Background:
    Given I am a user of EconInfo

  Scenario: Newest first, deletions too
    Given I submitted "put" with "$key", "one"
    And I submitted "put" with "$key", "two"
    And I submitted "delete" with "$key"
    And I submitted "put" with "$key", "three"
    Then a user of Haidian finds that "$key" was "three", "deleted", "two", "one"

  Scenario: What was not valid is no history
    Given I submitted "put" with "$key", "one"
    When I endorse "put" with "$key", "alone" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of MktSup finds that "$key" was "one"

  Scenario: A key that nobody wrote has none
    When I evaluate "history" with "$key"
    Then the result is ""
