Feature: Errors
  Each failure has its own code and text, names the departments that said so, and changes nothing.

  Background:
    Given I am a user of EconInfo

  Scenario: An unknown channel when evaluating
    When I evaluate "get" with "x" on the channel "nochan"
    Then it fails with UNAVAILABLE "failed to get config for channel [nochan]: could not get last config for channel nochan"

  Scenario: An unknown channel when endorsing
    When I submit "get" with "x" on the channel "nochan"
    Then it fails with FAILED_PRECONDITION "no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode conformance in channel nochan"

  Scenario: An unknown chaincode when evaluating
    When I evaluate "get" with "x" of the chaincode "nocc"
    Then it fails with FAILED_PRECONDITION "no peers available to evaluate chaincode nocc in channel conformance"

  Scenario: An unknown chaincode when endorsing
    When I submit "get" with "x" of the chaincode "nocc"
    Then it fails with FAILED_PRECONDITION "no combination of peers can be derived which satisfy the endorsement policy: No metadata was found for chaincode nocc in channel conformance"

  Scenario: A contract that refuses when evaluated
    When I evaluate "refuse" with "没有法律依据"
    Then it fails with UNKNOWN "evaluate call to endorser returned error: chaincode response 500, 没有法律依据"
    And the department EconInfo says "chaincode response 500, 没有法律依据"

  Scenario: A contract that refuses when endorsing
    When I submit "refuse" with "没有法律依据"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says "chaincode response 500, 没有法律依据"

  Scenario: A long refusal in Chinese arrives whole
    When I submit "refuse_at_length" with "9000"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And a detail is longer than 9000 characters

  Scenario: A contract that refuses with a code when evaluated
    When I evaluate "refuse_with_code" with "no basis"
    Then it fails with UNKNOWN
    And the department EconInfo says "chaincode response 500, refused for no basis\n{"code":"conformance.refused","facts":{"peer":"EconInfoMSP","reason":"no basis"},"zh":"因no basis拒绝"}"
    And the department EconInfo refuses with "conformance.refused" and the facts {"peer":"EconInfoMSP","reason":"no basis"}
    And it says "refused for no basis" in English and "因no basis拒绝" in Chinese

  Scenario: Departments that refuse with different facts
    When I endorse "refuse_with_code" with "违法" by EconInfo and MktSup
    Then it fails with ABORTED "failed to collect enough transaction endorsements, see attached details for more info"
    And the department EconInfo refuses with "conformance.refused" and the facts {"peer":"EconInfoMSP","reason":"违法"}
    And the department MktSup refuses with "conformance.refused" and the facts {"peer":"MktSupMSP","reason":"违法"}
    And it says "refused for 违法" in English and "因违法拒绝" in Chinese

  Scenario: The refusal of a called contract that is passed on
    When I submit "have_refused" with "entries", "no basis"
    Then it fails with ABORTED
    And the department EconInfo refuses with "conformance.refused" and the facts {"peer":"EconInfoMSP","reason":"no basis"}

  Scenario: An unknown function
    When I evaluate "nothing_of_the_kind"
    Then it fails with UNKNOWN
    And the department EconInfo says something with "nothing_of_the_kind"

  Scenario Outline: Wrong arguments
    When I evaluate <call>
    Then it fails with UNKNOWN
    And the department EconInfo says something with "<text>"

    Examples:
      | call                              | text   |
      | "get"                             | Expected 1 parameters, but 0 have been supplied |
      | "get" with "a", "b"               | Expected 1 parameters, but 2 have been supplied |
      | "page" with "a", "b", "1_000"     | 1_000  |
      | "page" with "a", "b", ""          | size   |
      | "page" with "a", "b", "９"         | ９      |

  Scenario: Results that differ between departments
    When I submit "differ" with "$key"
    Then it fails with ABORTED "failed to collect enough transaction endorsements, see attached details for more info"
    And a detail is "ProposalResponsePayloads do not match"

  Scenario: An endorsing organisation that is not there
    When I endorse "put" with "$key", "v" by Nowhere
    Then it fails with UNAVAILABLE "failed to find any endorsing peers for org(s): NowhereMSP"

  Scenario: A target organisation that is not there
    When I evaluate "get" with "x" by Nowhere
    Then it fails with FAILED_PRECONDITION "no peers available to evaluate chaincode conformance in channel conformance"

  Scenario: A contract slower than the deadline
    When I evaluate "sleep" with "5" within 1 second
    Then it fails with DEADLINE_EXCEEDED

  Scenario: A commit status that never comes
    When I ask for the commit status of an unknown transaction within 1 second
    Then it fails with DEADLINE_EXCEEDED

  Scenario Outline: An identity that is not a member
    Given I am <who>
    When I evaluate "get" with "x"
    Then it fails with FAILED_PRECONDITION
    And the department EconInfo says "error validating proposal: access denied: channel [conformance] creator org unknown, creator is malformed"

    Examples:
      | who                                             |
      | a user of EconInfo who claims to be of MktSup   |
      | a user of nobody who claims to be of EconInfo   |
      | a user of EconInfo who claims to be of Nowhere  |

  Scenario: An expired identity when endorsing
    Given I am an expired user of EconInfo
    When I submit "put" with "$key", "v"
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says "proposal client identity expired"

  Scenario: A revoked identity
    Given I am a revoked user of EconInfo
    When I evaluate "get" with "x"
    Then it fails with FAILED_PRECONDITION
    And the department EconInfo says "error validating proposal: access denied: channel [conformance] creator org [EconInfoMSP]"

  Scenario Outline: A signature that is not right
    When I evaluate "get" with "x" with a signature that is <kind>
    Then it fails with FAILED_PRECONDITION
    And the department EconInfo says "<text>"

    Examples:
      | kind                | text                                                                                            |
      | tampered with       | error validating proposal: access denied: channel [conformance] creator org [EconInfoMSP]       |
      | high-S              | error validating proposal: access denied: channel [conformance] creator org [EconInfoMSP]       |
      | by another key      | error validating proposal: access denied: channel [conformance] creator org [EconInfoMSP]       |
      | empty               | error validating proposal: empty signature bytes                                                |

  Scenario: A transaction too large for the orderer
    When I submit "size" with 6000000 bytes
    Then it fails with ABORTED and a text with "exceeds maximum allowed"
    And a user of Haidian who evaluates "get" with "size" gets ""

  Scenario: A transaction id that was used already
    Given I submitted "put" with "$key", "once"
    When I endorse the same proposal again
    Then it fails with ABORTED "failed to endorse transaction, see attached details for more info"
    And the department EconInfo says something with "duplicate transaction found"

  Scenario: A rich query where the state database knows none
    When I evaluate "search" with "{}"
    Then it fails with UNKNOWN
    And the department EconInfo says something with "GET_QUERY_RESULT failed: transaction ID: "
    And the department EconInfo says something with ": ExecuteQuery not supported for leveldb"

  Scenario: A rich query of private data
    Given the contract is "cases"
    When I evaluate "search" with "hints", "{}"
    Then it fails with UNKNOWN
    And the department EconInfo says something with ": ExecuteQuery not supported for leveldb"
