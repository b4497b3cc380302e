Feature: Key-level endorsement
  A record is entrusted to a department: from then on that department decides what becomes of it, and no
  majority of others.

  Background:
    Given I am a user of EconInfo
    And the contract is "cases"

  # The collection "" is what everybody sees.
  Scenario Outline: Others can no longer change what was entrusted
    Given I submitted "note" with "<collection>", "$key", "before"
    And I submitted "entrust" with "<collection>", "$key", "OR('HaidianMSP.peer')"
    When I endorse "note" with "<collection>", "$key", "after" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of MktSup who evaluates "read" with "<collection>", "$key" gets "before"

    Examples:
      | collection |
      |            |
      | hints      |

  Scenario Outline: The department itself changes it alone
    Given I submitted "note" with "<collection>", "$key", "before"
    And I submitted "entrust" with "<collection>", "$key", "OR('HaidianMSP.peer')"
    When I endorse "note" with "<collection>", "$key", "after" by Haidian
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of MktSup who evaluates "read" with "<collection>", "$key" gets "after"

    Examples:
      | collection |
      |            |
      | hints      |

  Scenario Outline: The gateway asks the department on its own
    Given I submitted "note" with "<collection>", "$key", "before"
    And I submitted "entrust" with "<collection>", "$key", "OR('HaidianMSP.peer')"
    When I submit "note" with "<collection>", "$key", "after"
    Then a user of MktSup who evaluates "read" with "<collection>", "$key" gets "after"

    Examples:
      | collection |
      |            |
      | hints      |

  Scenario Outline: To whom a record is entrusted can be asked
    Given I submitted "note" with "<collection>", "$key", "1"
    And I submitted "entrust" with "<collection>", "$key", "AND('HaidianMSP.peer', 'MktSupMSP.peer')"
    Then a user of Haidian who evaluates "trusted" with "<collection>", "$key" gets "AND('HaidianMSP.peer', 'MktSupMSP.peer')"

    Examples:
      | collection |
      |            |
      | hints      |

  Scenario Outline: What counts is what stands earlier in the same block
    When in one block a key of "<collection>" is entrusted to "OR('HaidianMSP.peer')" and then written by EconInfo and MktSup
    Then the first is VALID and the second ENDORSEMENT_POLICY_FAILURE

    Examples:
      | collection |
      |            |
      | hints      |

  Scenario: Others cannot take it back
    Given I submitted "note" with "", "$key", "1"
    And I submitted "entrust" with "", "$key", "OR('HaidianMSP.peer')"
    When I endorse "entrust" with "", "$key", "OR('EconInfoMSP.peer')" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE

  Scenario: A record given back is under the contract's policy again
    Given I submitted "note" with "", "$key", "1"
    And I submitted "entrust" with "", "$key", "OR('HaidianMSP.peer')"
    When I endorse "entrust" with "", "$key", "" by Haidian
    And I submit the endorsed transaction
    Then the commit status is VALID
    When I endorse "note" with "", "$key", "2" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit status is VALID
    When I endorse "note" with "", "$key", "3" by Haidian
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE

  Scenario: Others cannot delete it either, and with the record goes its policy
    Given I submitted "note" with "", "$key", "1"
    And I submitted "entrust" with "", "$key", "OR('HaidianMSP.peer')"
    When I endorse "remove" with "", "$key" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    When I endorse "remove" with "", "$key" by Haidian
    And I submit the endorsed transaction
    Then the commit status is VALID
    When I endorse "note" with "", "$key", "2" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit status is VALID
