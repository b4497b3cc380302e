Feature: Discovery
  A department's system asks a peer who is there, how a channel is configured, and who can endorse.

  Scenario Outline: The peers of a channel
    When a user of <department> asks for the peers of the channel "conformance"
    Then the peers are those of EconInfo, MktSup and Haidian
    And each of them serves "conformance" of sequence 1
    And each of them serves "cases" of sequence 1

    Examples:
      | department |
      | EconInfo   |
      | Haidian    |

  Scenario: A channel's peers are its members' only
    When a user of MktSup asks for the peers of the channel "register"
    Then the peers are those of EconInfo and MktSup
    And each of them serves "entries" of sequence 1

  Scenario Outline: Who is not in a channel learns nothing of it
    When a user of Haidian asks the peer of <host> for the peers of the channel "<channel>"
    Then discovery refuses with "access denied"

    Examples:
      | host    | channel  |
      | MktSup  | register |
      | Haidian | register |
      | Haidian | nochan   |

  Scenario: An administrator sees every peer that the own peer knows
    When the admin of EconInfo asks for all peers that its peer knows
    Then the peers are those of EconInfo, MktSup and Haidian

  Scenario: A user does not
    When a user of EconInfo asks for all peers that its peer knows
    Then discovery refuses with "access denied"

  Scenario: The configuration of a channel
    When a user of Haidian asks for the configuration of the channel "conformance"
    Then the members are EconInfo, MktSup and Haidian
    And the orderers are those of EconInfo

  Scenario: The configuration of a channel of two
    When a user of MktSup asks for the configuration of the channel "register"
    Then the members are EconInfo and MktSup
    And the orderers are those of EconInfo

  Scenario: The contract's policy wants a majority
    When a user of EconInfo asks who endorses "cases"
    Then any 2 of EconInfo, MktSup and Haidian are enough

  Scenario: Only who keeps private values can endorse reading them
    When a user of Haidian asks who endorses "cases" when it reads "files"
    Then any 2 of EconInfo and MktSup are enough

  Scenario: Private values are written by every client
    When a user of EconInfo asks who endorses "cases" when it only writes "hints"
    Then any 2 of EconInfo, MktSup and Haidian are enough

  Scenario: A collection that too few keep for the contract's policy
    When a user of EconInfo asks who endorses "cases" when it reads "drafts"
    Then discovery refuses with "failed constructing descriptor for"

  Scenario: A contract that is not there
    When a user of EconInfo asks who endorses "nocc"
    Then discovery refuses with "failed constructing descriptor for"
