Feature: Contracts that call contracts
  A contract asks another one: on its channel as part of the transaction, on another channel for a look.

  Background:
    Given I am a user of EconInfo
    And a user of MktSup submitted "put" with "$key", "registered" on the channel "register"

  Scenario: A department in both channels looks across
    When I evaluate "look_up" with "entries", "register", "$key"
    Then the result is "registered"

  Scenario: The peer of a department that is not in the other channel refuses
    Given I am a user of Haidian
    When I evaluate "look_up" with "entries", "register", "$key"
    Then it fails with UNKNOWN
    And the department Haidian says something with "INVOKE_CHAINCODE failed: transaction ID: "
    And the department Haidian says something with ": Failed to get policy manager for channel [register]"

  Scenario: A user who is not in the other channel is refused by a member's peer too
    Given I am a user of Haidian at the peers of EconInfo
    When I evaluate "look_up" with "entries", "register", "$key"
    Then it fails with UNKNOWN
    And the department EconInfo says something with ": Failed evaluating policy on signed data during check policy on channel [register] with policy [/Channel/Application/Writers]"

  Scenario: Who is not in a channel cannot ask its contract directly
    Given I am a user of Haidian at the peers of EconInfo
    And the contract is "entries" on the channel "register"
    When I evaluate "get" with "$key"
    Then it fails with FAILED_PRECONDITION
    And the department EconInfo says "error validating proposal: access denied: channel [register] creator org unknown, creator is malformed"

  Scenario: A look across is a snapshot that nothing checks at commit
    When I endorse "copy" with "entries", "register", "$key" by EconInfo and MktSup
    And a user of MktSup submits "put" with "$key", "struck off" on the channel "register" meanwhile
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of Haidian who evaluates "get" with "$key" gets "registered"

  Scenario: What is written across is lost
    When I endorse "pass_on" with "entries", "register", "$key", "changed" by EconInfo and MktSup
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of Haidian who evaluates "get" with "$key" gets "passed on"
    When I evaluate "look_up" with "entries", "register", "$key"
    Then the result is "registered"

  Scenario: On one channel what is written joins the transaction
    When I submit "pass_on" with "entries", "", "$key", "noted"
    Then the result is "noted"
    And a user of Haidian who evaluates "get" with "$key" gets "passed on"
    And a user of Haidian who evaluates "look_up" with "entries", "", "$key" gets "noted"

  Scenario: On one channel what is read is checked at commit
    Given I submitted "pass_on" with "entries", "", "$key", "one"
    When I endorse "copy" with "entries", "", "$key"
    And I submit "pass_on" with "entries", "", "$key", "two" meanwhile
    And I submit the endorsed transaction
    Then the commit fails with MVCC_READ_CONFLICT

  Scenario: A call counts against the policy of the contract that is called
    When I endorse "pass_on" with "entries", "", "$key", "alone" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of Haidian who evaluates "look_up" with "entries", "", "$key" gets ""

  Scenario Outline: A contract that is not there
    When I evaluate "look_up" with "nocc", "<channel>", "$key"
    Then it fails with UNKNOWN
    And the department EconInfo says something with "chaincode nocc not found"

    Examples:
      | channel  |
      |          |
      | register |

  Scenario: What the called contract refuses reaches the caller
    When I evaluate "look_up" with "cases", "", "$key"
    Then it fails with UNKNOWN
    And the department EconInfo says something with "get"
