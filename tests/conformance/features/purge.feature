Feature: Purging private data
  What must be forgotten is purged: the value, and with it all that was ever kept under its key.

  Background:
    Given I am a user of EconInfo
    And the contract is "cases"

  Scenario: A purged value is gone at every member, and so is its hash
    Given I submitted "note" with "files", "$key", "张三"
    And I submitted "purge" with "files", "$key"
    Then a user of MktSup who evaluates "read" with "files", "$key" gets ""
    And a user of Haidian who evaluates "fingerprint" with "files", "$key" gets ""

  Scenario: What was purged is no longer delivered with the block that brought it
    Given I submitted "note" with "files", "$key", "张三"
    And I submitted "purge" with "files", "$key"
    Then EconInfo is delivered nothing private with the block
    And MktSup is delivered nothing private with the block

  Scenario: What was only deleted is still delivered with the block that brought it
    Given I submitted "note" with "files", "$key", "张三"
    And I submitted "remove" with "files", "$key"
    Then MktSup is delivered "files" "$key" = "张三" with the block

  Scenario: A purged key may be used again
    Given I submitted "note" with "files", "$key", "张三"
    And I submitted "purge" with "files", "$key"
    And I submitted "note" with "files", "$key", "李四"
    Then a user of MktSup who evaluates "read" with "files", "$key" gets "李四"

  Scenario: Who may not write may not purge
    Given I am a user of Haidian at the peers of EconInfo
    When I submit "purge" with "files", "$key"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says something with ": tx creator does not have write access permission on privatedata in chaincodeName:cases collectionName: files"

  Scenario: A department that does not keep the values purges them where anybody may write
    Given I submitted "note" with "hints", "$key", "heard"
    And a user of Haidian submitted "purge" with "hints", "$key"
    Then a user of EconInfo who evaluates "read" with "hints", "$key" gets ""
    And MktSup is delivered nothing private with the block

  Scenario: A purge that is not valid purges nothing
    Given I submitted "note" with "files", "$key", "张三"
    When I endorse "purge" with "files", "$key" by MktSup
    And I submit the endorsed transaction
    Then the commit fails with ENDORSEMENT_POLICY_FAILURE
    And a user of MktSup who evaluates "read" with "files", "$key" gets "张三"
    And MktSup is delivered "files" "$key" = "张三" with the block
