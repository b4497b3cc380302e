Feature: Collection-level endorsement
  Who decides about a collection's records may be another than who decides about the contract's.

  Background:
    Given I am a user of EconInfo
    And the contract is "cases"

  Scenario: The department that rules decides alone
    When I endorse "note" with "rulings", "$key", "fined" by MktSup
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of EconInfo who evaluates "read" with "rulings", "$key" gets "fined"

  Scenario: A majority of others decides nothing
    When I endorse "note" with "rulings", "$key", "acquitted" by EconInfo and Haidian
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of MktSup who evaluates "read" with "rulings", "$key" gets ""

  Scenario: The gateway asks the department on its own
    When I submit "note" with "rulings", "$key", "fined"
    Then a user of MktSup who evaluates "read" with "rulings", "$key" gets "fined"

  Scenario: A key's own policy goes before its collection's
    Given I submitted "note" with "rulings", "$key", "fined"
    And I submitted "entrust" with "rulings", "$key", "OR('HaidianMSP.peer')"
    When I endorse "note" with "rulings", "$key", "acquitted" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    When I endorse "note" with "rulings", "$key", "pardoned" by Haidian
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of EconInfo who evaluates "read" with "rulings", "$key" gets "pardoned"

  Scenario: A collection without a policy follows the contract
    When I endorse "note" with "hints", "$key", "x" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
