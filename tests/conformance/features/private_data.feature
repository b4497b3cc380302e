Feature: Private data
  Two departments investigate together. What they find is with them alone; the others see that there is
  something, and can tell whether what they are shown later is what was found then.

  Background:
    Given I am a user of EconInfo
    And the contract is "cases"

  Scenario: A member reads what another member wrote
    Given I submitted "keep" with "files", "$key" and the transient value "content" = "三号仓库"
    Then a user of MktSup who evaluates "read" with "files", "$key" gets "三号仓库"

  Scenario: What comes as transient data is in no block
    Given I submitted "keep" with "files", "$key" and the transient value "content" = "四号仓库"
    Then nothing in the block of the transaction says "四号仓库"

  Scenario: A reader of a value can compare it with its hash
    Given I submitted "keep" with "files", "$key" and the transient value "content" = "三号仓库"
    Then a user of Haidian who evaluates "fingerprint" with "files", "$key" gets the SHA-256 of "三号仓库"

  Scenario Outline: Files are for members' users only, whichever peer they ask
    Given I submitted "keep" with "files", "$key" and the transient value "content" = "三号仓库"
    And I am a user of Haidian at the peers of <host>
    When I evaluate "read" with "files", "$key"
    Then it fails with UNKNOWN
    And the department <host> says something with "GET_STATE failed: transaction ID: "
    And the department <host> says something with ": tx creator does not have read access permission on privatedata in chaincodeName:cases collectionName: files"

    Examples:
      | host     |
      | EconInfo |
      | Haidian  |

  Scenario: Files are written by members' users only
    Given I am a user of Haidian at the peers of EconInfo
    When I submit "keep" with "files", "$key" and the transient value "content" = "x"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says something with ": tx creator does not have write access permission on privatedata in chaincodeName:cases collectionName: files"

  Scenario: Anybody may give a hint, and ask a department that keeps them
    Given a user of Haidian submitted "note" with "hints", "$key", "heard"
    And I am a user of Haidian at the peers of MktSup
    When I evaluate "read" with "hints", "$key"
    Then the result is "heard"

  Scenario: A peer of another department has only the hash
    Given I submitted "note" with "hints", "$key", "heard"
    And I am a user of Haidian
    When I evaluate "read" with "hints", "$key"
    Then it fails with UNKNOWN
    And the department Haidian says something with "private data matching public hash version is not available. Public hash version = {BlockNum: "
    And the department Haidian says something with ", Private data version = <nil>"

  Scenario: What nobody wrote is nothing, for a peer of another department too
    Given I am a user of Haidian
    When I evaluate "read" with "hints", "$key"
    Then the result is ""

  Scenario: Each department is delivered what it keeps
    Given I submitted "keep" with "files", "$key" and the transient value "content" = "三号仓库"
    Then EconInfo is delivered "files" "$key" = "三号仓库" with the block
    And MktSup is delivered "files" "$key" = "三号仓库" with the block
    And Haidian is delivered nothing private with the block

  Scenario: A notice is delivered to all
    Given I submitted "note" with "notices", "$key", "公示"
    Then MktSup is delivered "notices" "$key" = "公示" with the block
    And Haidian is delivered "notices" "$key" = "公示" with the block

  Scenario: Each department has a collection of its own that nobody has to define
    When I endorse "note" with "_implicit_org_EconInfoMSP", "$key", "mine" by EconInfo
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of EconInfo who evaluates "read" with "_implicit_org_EconInfoMSP", "$key" gets "mine"
    And a user of MktSup who evaluates "fingerprint" with "_implicit_org_EconInfoMSP", "$key" gets the SHA-256 of "mine"

  Scenario: The own collection of a department that is not there
    When I submit "note" with "_implicit_org_NobodyMSP", "$key", "x"
    Then it fails with ABORTED
    And the department EconInfo says something with "collection [_implicit_org_NobodyMSP] not defined in the collection config for chaincode [cases]"

  Scenario: A collection that is not there
    When I evaluate "read" with "nothing", "$key"
    Then it fails with UNKNOWN
    And the department EconInfo says something with "collection conformance/cases/nothing could not be found"

  Scenario: The gateway gives transient data to members only
    When I submit "keep" with "drafts", "$key" and the transient value "content" = "draft"
    Then it fails with FAILED_PRECONDITION "requires endorsement from organisation(s) that are not in the distribution policy of the private data collection(s): [drafts]; retry specifying trusted endorsing organizations to protect transient data"

  Scenario: Who names the departments gives them the transient data
    When I endorse "keep" with "drafts", "$key" and the transient value "content" = "draft" by EconInfo and Haidian
    And I submit the endorsed transaction
    Then the commit status is VALID
    And a user of EconInfo who evaluates "read" with "drafts", "$key" gets "draft"

  Scenario: A collection may demand more keepers than there are
    When I submit "note" with "guarded", "$key", "x"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says something with "could not build private data dissemination plan for chaincode cases and collection guarded: required to disseminate to at least 2 peers, but know of only 1 eligible peers"

  Scenario: Two transactions that read one private value cannot both change it
    Given I submitted "note" with "files", "$key", "a"
    When I endorse "amend" with "files", "$key", "b" twice and submit both
    Then one is VALID and the other MVCC_READ_CONFLICT
    And a user of MktSup who evaluates "read" with "files", "$key" gets "ab"

  Scenario: Private values are found in key order
    Given I submitted "note" with "hints", "$key-b", "2"
    And I submitted "note" with "hints", "$key-a", "1"
    And I submitted "note" with "hints", "$key-c", "3"
    When I evaluate "range" with "hints", "$key-a", "$key-c"
    Then the result is "1,2"

  Scenario: Two private values in one request
    Given I submitted "note" with "hints", "$key-a", "1"
    And I submitted "note" with "hints", "$key-b", "2"
    When I evaluate "read_both" with "hints", "$key-b", "$key-a"
    Then the result is "2,1"

  Scenario: A transaction that queried private data may not write
    When I submit "sort_then_keep" with "hints", "$key"
    Then it fails with ABORTED
    And the department EconInfo says something with "Transaction has already performed queries on pvt data. Writes are not allowed"

  Scenario: A deleted value is gone, and so is its hash
    Given I submitted "note" with "files", "$key", "1"
    And I submitted "remove" with "files", "$key"
    Then a user of MktSup who evaluates "read" with "files", "$key" gets ""
    And a user of Haidian who evaluates "fingerprint" with "files", "$key" gets ""

  Scenario: A notice and its hash go with the third block after it
    Given I submitted "note" with "notices", "$key", "for two blocks"
    And I submitted "note" with "hints", "$key-1", "block 1"
    And I submitted "note" with "hints", "$key-2", "block 2"
    Then a user of Haidian who evaluates "read" with "notices", "$key" gets "for two blocks"
    When I submit "note" with "hints", "$key-3", "block 3"
    Then a user of Haidian who evaluates "read" with "notices", "$key" gets ""
    And a user of MktSup who evaluates "fingerprint" with "notices", "$key" gets ""
