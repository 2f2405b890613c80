// What the extension itself says. Upstream's words are in the language pack.
const WORDS = {
  th: {
    notebook: "โน้ตบุ๊ก",
    cell: (number, count, kind, role) => `เซลล์ ${number} จาก ${count}, ${kind}${role && `, ${role}`}`,
    code: "โค้ด", markdown: "ข้อความ", raw: "ข้อความดิบ",
    answer: "คำตอบของคุณ", check: "การตรวจ แก้ไขไม่ได้", locked: "แก้ไขไม่ได้",
    editor: (cell) => `ช่องพิมพ์ของ${cell}`,
    output: (number) => `ผลลัพธ์ของเซลล์ ${number}`,
    heading: "ยุบหรือขยายหัวข้อ",
    input: "พิมพ์ข้อมูลที่โปรแกรมถาม", toolbar: "เครื่องมือของโน้ตบุ๊ก", cellTools: "เครื่องมือของเซลล์", menu: "เมนูของโน้ตบุ๊ก",
    ran: (number) => `เซลล์ ${number} ทำงานเสร็จแล้ว`, failed: (number) => `เซลล์ ${number} หยุดเพราะมีข้อผิดพลาด`,
  },
  en: {
    notebook: "Notebook",
    cell: (number, count, kind, role) => `Cell ${number} of ${count}, ${kind}${role && `, ${role}`}`,
    code: "code", markdown: "text", raw: "raw text",
    answer: "your answer", check: "a check, locked", locked: "locked",
    editor: (cell) => `Editor of ${cell}`,
    output: (number) => `Output of cell ${number}`,
    heading: "Collapse or expand the section",
    input: "Type what the program asks for", toolbar: "Notebook tools", cellTools: "Cell tools", menu: "Notebook menu",
    ran: (number) => `Cell ${number} has run`, failed: (number) => `Cell ${number} stopped with an error`,
  },
};

export const wordsIn = (language) => WORDS[(language || "th").startsWith("en") ? "en" : "th"];
