Feature: Chaincode lifecycle
  Departments install, approve and commit a contract; Fabric's rules decide when that is possible.

  Scenario: A package is installed under its id, and only once
    Given a package labelled "$key"
    When the admin of EconInfo installs it
    Then EconInfo lists the package as installed
    And installing it again changes nothing

  Scenario: Only admins install
    Given a package labelled "$key"
    When a user of EconInfo installs it
    Then the peer refuses with 500 and "The identity is not an admin under this MSP [EconInfoMSP]"

  Scenario: A definition is committed once enough departments approved it
    Given a package labelled "$key"
    And the definition "$key" of sequence 1
    When the admin of EconInfo approves it
    Then it is approved by EconInfo only
    And committing it fails with "chaincode definition not agreed to by this org"
    When the admin of MktSup approves it
    And the admin of Haidian approves it
    And the admin of Haidian commits it
    Then the definition "$key" is committed with sequence 1

  Scenario: A sequence that is not the next is refused
    Given the definition "$key" of sequence 5
    When the admin of EconInfo tries to approve it
    Then it fails with "requested sequence 5 is larger than the next available sequence number 1"

  Scenario: An unchanged committed definition cannot be approved again
    When the admin of EconInfo tries to approve the committed definition of "conformance" again
    Then it fails with "attempted to redefine the current committed sequence (1) for namespace conformance"

  Scenario: A junk package is refused
    When the admin of EconInfo installs the bytes "6a756e6b"
    Then the peer refuses with 500 and "could not parse as a chaincode install package"

  Scenario: A definition that nobody committed is not found
    When a user of MktSup asks for the definition "nocc"
    Then the peer refuses with 404 and "namespace nocc is not defined"
