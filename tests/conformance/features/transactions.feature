Feature: Transactions
  What a department submits is endorsed by several departments, ordered, and read by all of them.

  Background:
    Given I am a user of EconInfo

  Scenario: A committed value is read by another department
    When I submit "put" with "$key", "河道水质"
    Then the result is "河道水质"
    And a user of Haidian who evaluates "get" with "$key" gets "河道水质"

  Scenario: An evaluated transaction changes nothing
    When I evaluate "put" with "$key", "unseen"
    Then the result is "unseen"
    And a user of Haidian who evaluates "get" with "$key" gets ""

  Scenario: A deleted value is gone
    Given I submitted "put" with "$key", "1"
    When I submit "delete" with "$key"
    Then a user of MktSup who evaluates "get" with "$key" gets ""

  Scenario Outline: A contract knows whose peer runs it
    When I evaluate "peer" by <department>
    Then the result is "<department>MSP"

    Examples:
      | department |
      | EconInfo   |
      | Haidian    |

  Scenario: What depends on whose peer runs it cannot be submitted to several departments
    When I submit "peer"
    Then it fails with ABORTED "failed to collect enough transaction endorsements, see attached details for more info"
    And a detail is "ProposalResponsePayloads do not match"

  Scenario: Arguments and results are bytes, whatever they hold
    When I submit "echo" with the bytes "00ff80feffc328"
    Then the result is the bytes "00ff80feffc328"

  Scenario: Transient data reaches the contract and not the block
    When I submit "transient" with "secret" and the transient value "secret" = "四位数密码"
    Then the result is "四位数密码"
    And the block of the transaction does not hold "四位数密码"

  Scenario: The contract knows who asks
    When I evaluate "whoami"
    Then the result is "EconInfoMSP"

  Scenario: submit_async answers once the transaction is ordered
    When I submit "put" with "$key", "later" without waiting
    Then the result is "later"
    And the commit status is VALID

  Scenario: The commit status can be asked twice and at any time
    Given I submitted "put" with "$key", "once"
    When I ask for the commit status again
    Then the commit status is VALID

  Scenario: A transaction endorsed by one department only is refused when it commits
    When I endorse "put" with "$key", "alone" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of Haidian who evaluates "get" with "$key" gets ""

  Scenario: Two transactions that read one value cannot both change it
    Given I submitted "put" with "$key", "10"
    When I endorse "increment" with "$key" twice and submit both
    Then one is VALID and the other MVCC_READ_CONFLICT
    And a user of Haidian who evaluates "get" with "$key" gets "11"

  Scenario: A range that gained a member since it was read is a phantom
    When I endorse "count" with "$key-a", "$key-z", "$key-total"
    And I submit "put" with "$key-m", "in between" meanwhile
    And I submit the endorsed transaction
    Then the commit fails with PHANTOM_READ_CONFLICT

  Scenario: A range read is in key order and ends before its end
    Given I submitted "put" with "$key-a", "1"
    And I submitted "put" with "$key-b", "2"
    And I submitted "put" with "$key-c", "3"
    When I evaluate "range" with "$key-a", "$key-c"
    Then the result is "1,2"

  Scenario: An envelope sent twice commits once
    When I endorse "put" with "$key", "first"
    And I submit the endorsed transaction
    And I submit the endorsed transaction
    Then the commit status is VALID

  Scenario: A page has the bookmark of the next one
    Given I submitted "put" with "$key-a", "1"
    And I submitted "put" with "$key-b", "2"
    And I submitted "put" with "$key-c", "3"
    When I evaluate "page" with "$key-a", "$key-zz", "2"
    Then the result is "1,2 next $key-c of 2"
